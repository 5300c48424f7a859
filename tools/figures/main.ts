/** Writes docs/figures.md from what benchmarks and evaluations recorded: `npm run figures`. */
import { readFileSync, writeFileSync } from "node:fs";
import { type Evaluation, figuresPage } from "./page.js";
import { type BenchRecord, readRecord, type WasmRecord } from "./record.js";

const planning = ["umaze", "medium", "large", "giant"].map((maze) => {
  const path = `packages/tasks/models/maze2d-${maze}/evaluation.json`;
  const rows = JSON.parse(readFileSync(path, "utf8")) as Record<string, Evaluation>;
  const row = (title: string): Evaluation => {
    const found = rows[title];
    if (found === undefined) throw new Error(`${path} has no row "${title}"; npm run model-card writes it.`);
    return found;
  };
  return { fixed: row("the maze's goal"), random: row("random goals") };
});
const page = figuresPage({
  planning,
  bench: readRecord<BenchRecord>("bench"),
  wasm: readRecord<WasmRecord>("wasm"),
});
writeFileSync("docs/figures.md", page);
