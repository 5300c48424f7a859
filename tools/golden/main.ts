/** Compares the library with recorded numbers of the official implementation: `npm run golden -- FOLDER`. */
import { existsSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Backend } from "@diffusion-forcing/core";
import { goldenBackends } from "./backends.js";
import { listCases } from "./case.js";
import { type CaseReport, runCase } from "./run-case.js";

const USAGE = `Usage: npm run golden -- FOLDER [--backend NAME] [--allow-unsupported] [--only PATTERN] [--json]

  FOLDER                cases: NAME.json with NAME.safetensors
  --backend NAME        what computes: ${Object.keys(goldenBackends).join(", ")} (default reference)
  --allow-unsupported   do not fail for cases that the library cannot run
  --only PATTERN        only cases whose name contains PATTERN, or matches it if it holds a *
  --json                one JSON object per case instead of a line of text`;

/** Exit codes: 0 all passed, 1 a case failed or is unsupported, 2 the command itself is wrong. */
class UsageError extends Error {}

interface Options {
  readonly folder: string;
  readonly backend: () => Promise<Backend>;
  readonly allowUnsupported: boolean;
  readonly only: string | undefined;
  readonly json: boolean;
}

function readOptions(): Options {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        backend: { type: "string", default: "reference" },
        "allow-unsupported": { type: "boolean", default: false },
        only: { type: "string" },
        json: { type: "boolean", default: false },
      },
    });
    const [folder, ...rest] = positionals;
    if (folder === undefined || rest.length > 0) throw new UsageError("Expected exactly one folder.");
    const { only, json } = values;
    const backend = Object.hasOwn(goldenBackends, values.backend) ? goldenBackends[values.backend] : undefined;
    if (backend === undefined) throw new UsageError(`There is no backend "${values.backend}".`);
    return { folder, backend, only, json, allowUnsupported: values["allow-unsupported"] };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function matches(name: string, pattern: string | undefined): boolean {
  if (pattern === undefined) return true;
  if (!pattern.includes("*")) return name.includes(pattern);
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${escaped}$`).test(name);
}

function selectCases({ folder, only }: Options): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new UsageError(`There is no folder ${folder}.`);
  const names = listCases(folder).filter((name) => matches(name, only));
  if (names.length === 0) {
    throw new UsageError(`${folder} holds no case${only === undefined ? "" : ` that matches ${only}`}.`);
  }
  return names;
}

function describe({ name, kind, outcome, tensors, worst, reason }: CaseReport): string {
  const details: string[] = [];
  if (worst !== undefined) {
    const numbers = `error ${worst.error.toExponential(2)}, tolerance ${worst.tolerance.toExponential(2)}`;
    details.push(`${tensors} tensors, worst ${worst.tensor}: ${worst.problem ?? numbers}`);
  }
  if (reason !== undefined) details.push(reason);
  return `${outcome.padEnd(11)} ${name} (${kind}): ${details.join("; ")}`;
}

async function main(): Promise<number> {
  const options = readOptions();
  const backend = await options.backend();
  const counts = { ok: 0, FAIL: 0, unsupported: 0 };
  for (const name of selectCases(options)) {
    const report = await runCase(options.folder, name, backend);
    counts[report.outcome]++;
    console.log(options.json ? JSON.stringify(report) : describe(report));
  }
  await backend.dispose();
  console.log(`${counts.ok} passed, ${counts.FAIL} failed, ${counts.unsupported} unsupported`);
  return counts.FAIL > 0 || (counts.unsupported > 0 && !options.allowUnsupported) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
