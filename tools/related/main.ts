/**
 * Prints the table of a page in docs/related, computed now: `npm run related -- NAME [FILE]`.
 */
import { bayesianFlowTable } from "./bayesian-flow.js";
import { constraintsTable } from "./constraints.js";
import { infillingTable } from "./infilling.js";
import { languageTable } from "./language.js";
import { multiTokenTable } from "./multi-token.js";
import { queryCtcTable } from "./query-ctc.js";
import { rdpmTable } from "./rdpm.js";
import { selfGuidanceTable } from "./self-guidance.js";
import { sourceSeparationTable } from "./source-separation.js";
import { speculativeTable } from "./speculative.js";
import { truncatedTable } from "./truncated.js";

const tables: Readonly<Record<string, (...values: string[]) => Promise<string>>> = {
  "bayesian-flow": bayesianFlowTable,
  constraints: constraintsTable,
  infilling: infillingTable,
  language: languageTable,
  "multi-token": multiTokenTable,
  "query-ctc": queryCtcTable,
  rdpm: rdpmTable,
  "self-guidance": selfGuidanceTable,
  "source-separation": sourceSeparationTable,
  speculative: speculativeTable,
  truncated: truncatedTable,
};

const name = process.argv[2] ?? "";
const table = tables[name];
if (table === undefined) {
  process.stderr.write(
    `usage: npm run related -- NAME [FILE], where NAME is one of ${Object.keys(tables).join(", ")}\n`,
  );
  process.exit(2);
}
process.stdout.write(await table(...process.argv.slice(3)));
