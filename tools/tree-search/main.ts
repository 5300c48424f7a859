/**
 * Compares sampling and tree search without planning anew, and writes the table of docs/tree-search.md:
 * `npm run tree-search [-- EPISODES]`. Every figure comes from `dforce eval`; what was measured is kept in
 * docs/figures/tree-search.json, so that a run can be interrupted. Delete what is to be measured anew.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cardSeed } from "../model-card/settings.js";
import { type Compared, comparedMazes, comparisonKey, comparisonTable, planningRows, withTable } from "./rows.js";

const [episodes = "100"] = process.argv.slice(2);
const [recordPath, pagePath] = ["docs/figures/tree-search.json", "docs/tree-search.md"];
const found: Record<string, Compared> = existsSync(recordPath) ? JSON.parse(readFileSync(recordPath, "utf8")) : {};

for (const { title, options } of planningRows) {
  for (const maze of comparedMazes) {
    const key = comparisonKey(maze, title);
    if (found[key] !== undefined) continue;
    process.stderr.write(`${key}\n`);
    const model = `packages/tasks/models/maze2d-${maze}`;
    const command = ["--conditions=source", "packages/cli/src/main.ts", "eval", "--model", model, "--threads", "1"];
    const setting = ["--seed", `${cardSeed}`, "--episodes", episodes, "--multi-task", "--once", "--json"];
    const output = execFileSync("npx", ["tsx", ...command, ...setting, ...options(maze)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    found[key] = JSON.parse(output) as Compared;
    writeFileSync(recordPath, `${JSON.stringify(found, null, 2)}\n`);
  }
}
writeFileSync(pagePath, withTable(readFileSync(pagePath, "utf8"), comparisonTable(found)));
