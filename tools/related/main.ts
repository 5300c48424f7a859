/**
 * Prints the table of a page in docs/related, computed now: `npm run related -- NAME`.
 */
import { speculativeTable } from "./speculative.js";
import { truncatedTable } from "./truncated.js";

const tables: Readonly<Record<string, () => Promise<string>>> = {
  speculative: speculativeTable,
  truncated: truncatedTable,
};

const name = process.argv[2] ?? "";
const table = tables[name];
if (table === undefined) {
  process.stderr.write(`usage: npm run related -- NAME, where NAME is one of ${Object.keys(tables).join(", ")}\n`);
  process.exit(2);
}
process.stdout.write(await table());
