/**
 * Mutation testing of core's mathematics: changes the code in one place at a time, and counts how many of the changes a
 * test notices. Fails below 97 %. Results are kept in `out/mutants`, so that only what changed is tried again.
 *
 *     npm run mutants
 *     npm run mutants -- packages/core/src/metrics
 *     npm run mutants -- packages/core/src/metrics/crps.ts --fresh
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { markdownTable } from "markdown-table";
import { accepted } from "./accepted.js";
import { type MutationReport, type Score, scoreOf, withoutStaticSurvivors } from "./report.js";
import { mutatedFiles, type Scope, scopesOf } from "./scopes.js";

const least = 0.97;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    fresh: { type: "boolean", default: false },
    concurrency: { type: "string", default: String(Math.max(1, Math.floor(cpus().length / 2))) },
  },
});

const stryker = join(
  dirname(createRequire(import.meta.url).resolve("@stryker-mutator/core/package.json")),
  "bin/stryker.js",
);

/**
 * What runs while files load runs in every test, and its mutants take all tests each. So first come only those tests that
 * meet a mutant themselves; then, with all of them, the mutants that only loading meets, and those that outlived the first.
 */
function mutate(scope: Scope): Score {
  const name = scope.folder.replaceAll("/", ".");
  const incrementalFile = resolve("out/mutants", `${name}.incremental.json`);
  mkdirSync("out/mutants", { recursive: true });
  if (values.fresh) rmSync(incrementalFile, { force: true });
  runStryker(scope, name, incrementalFile, true);
  const first = JSON.parse(readFileSync(incrementalFile, "utf8")) as MutationReport;
  writeFileSync(incrementalFile, JSON.stringify(withoutStaticSurvivors(first)));
  return scoreOf(runStryker(scope, name, incrementalFile, false), accepted);
}

function runStryker(scope: Scope, name: string, incrementalFile: string, ignoreStatic: boolean): MutationReport {
  const report = resolve("out/mutants", `${name}.json`);
  rmSync(report, { force: true });
  const config = resolve("out/mutants", `${name}.config.json`);
  const options = {
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: "tools/mutants/vitest.config.ts", related: true },
    mutate: mutatedFiles(scope),
    // The words of a message are for people; its tests name what matters in them.
    mutator: { excludedMutations: ["StringLiteral"] },
    // Copies of what has no say in the tests would only cost time.
    ignorePatterns: ["/packages/*/dist", "/packages/tasks/models", "/out", "/runs", "/docs"],
    incremental: true,
    incrementalFile,
    reporters: ["progress-append-only", "json"],
    jsonReporter: { fileName: report },
    tempDirName: "out/mutants/sandbox",
    concurrency: Number(values.concurrency),
    checkers: [],
    disableTypeChecks: false,
    timeoutMS: 20_000,
    coverageAnalysis: "perTest",
    ignoreStatic,
    allowConsoleColors: false,
  };
  writeFileSync(config, JSON.stringify(options));
  const { status } = spawnSync(process.execPath, [stryker, "run", config], {
    stdio: "inherit",
    env: { ...process.env, MUTANTS_TESTS: scope.tests.join() },
  });
  if (!existsSync(report)) throw new Error(`Stryker ended with ${status} and left no report of ${scope.folder}.`);
  return JSON.parse(readFileSync(report, "utf8")) as MutationReport;
}

const rows: string[][] = [];
let sound = true;
for (const scope of scopesOf(positionals[0])) {
  const { tried, caught, survivors } = mutate(scope);
  for (const { file, line, code, replacement, reason } of survivors) {
    console.log(`${reason === undefined ? "SURVIVED" : "accepted"} ${file}:${line}: ${code} -> ${replacement}`);
    if (reason !== undefined) console.log(`         ${reason}`);
  }
  const share = tried === 0 ? 0 : caught / tried;
  sound &&= share >= least;
  rows.push([scope.folder, String(tried), String(caught), `${(100 * share).toFixed(1)} %`]);
}
console.log(markdownTable([["folder", "mutants", "caught", "share"], ...rows], { align: ["l", "r", "r", "r"] }));
process.exitCode = sound ? 0 : 1;
