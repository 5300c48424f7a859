/** What `dforce` is run with, and on which files. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom, initializeParameters, modelFromConfig, tensor } from "@diffusion-forcing/core";
import { encodeWeights } from "@diffusion-forcing/core/bundle";
import { toOfficial } from "@diffusion-forcing/core/official";
import { choralesOf, writeMidi } from "@diffusion-forcing/tasks/music";

export interface Scenario {
  readonly name: string;
  readonly args: readonly string[];
  /** Files that are mutated, one of them or more. */
  readonly files: readonly string[];
  readonly computes?: boolean;
}

const modelFiles = ["run/config.json", "run/model.safetensors"];
const small = ["--threads", "1", "--quiet"];
export const scenarios: readonly Scenario[] = [
  { name: "inspect a folder", args: ["inspect", "run"], files: [...modelFiles, "run/training.json"] },
  {
    name: "inspect a checkpoint",
    args: ["inspect", "run/checkpoint.safetensors"],
    files: ["run/checkpoint.safetensors"],
  },
  { name: "inspect a graph", args: ["inspect", "step.onnx", "--json"], files: ["step.onnx"] },
  { name: "export", args: ["export", "--model", "run", "--out", "out.onnx"], files: modelFiles },
  {
    name: "convert",
    args: ["convert", "official.safetensors", "--config", "model.json", "--out", "own"],
    files: ["official.safetensors", "model.json"],
  },
  {
    name: "plan",
    args: ["plan", "--model", "run", "--steps", "2", "--out", "pictures", ...small],
    files: modelFiles,
    computes: true,
  },
  {
    name: "eval",
    args: ["eval", "--model", "run", "--steps", "1", "--episodes", "1", ...small],
    files: modelFiles,
    computes: true,
  },
  {
    name: "resume",
    args: ["train", "--resume", "--out", "run", "--minutes", "0.02", ...small],
    files: ["run/training.json", "run/checkpoint.safetensors", "run/metrics.jsonl", "run/.dforce-lock"],
    computes: true,
  },
  {
    name: "train",
    args: ["train", "--config", "recipe.json", "--out", "new", "--minutes", "0.02", ...small],
    files: ["recipe.json"],
    computes: true,
  },
  {
    name: "forecast",
    args: ["forecast", "--model", "series", "--data", "rates.csv", "--samples", "2", "--steps", "1", ...small],
    files: ["rates.csv", "series/config.json", "series/model.safetensors"],
    computes: true,
  },
  {
    name: "train series",
    args: ["train", "series", "--data", "rates.csv", "--out", "new", "--minutes", "0.02", ...small],
    files: ["rates.csv"],
    computes: true,
  },
  {
    name: "train in a drawn maze",
    args: [
      "train",
      "maze2d",
      "--maze",
      "maze.txt",
      "--config",
      "recipe.json",
      "--out",
      "new",
      "--minutes",
      "0.02",
      ...small,
    ],
    files: ["maze.txt", "recipe.json"],
    computes: true,
  },
  {
    name: "sample",
    args: ["sample", "--model", "run", "--length", "2", "--out", "samples", ...small],
    files: modelFiles,
    computes: true,
  },
  {
    name: "infill",
    args: ["infill", "--data", "song.mid", "--bars", "2-2", "--steps", "1", "--out", "filled", "--threads", "1"],
    files: ["song.mid"],
    computes: true,
  },
];

/** What makes the files that others read. */
export const preparations: readonly (readonly string[])[] = [
  ["train", "--config", "recipe.json", "--out", "run", "--checkpoint-every", "2", ...small],
  ["export", "--model", "run", "--out", "step.onnx"],
];

const models = fileURLToPath(new URL("../../packages/tasks/models", import.meta.url));

/** Writes the files that every process gets a copy of, but for those that {@link preparations} make. */
export function layOutBase(base: string): void {
  mkdirSync(base);
  const at = (name: string): string => join(base, name);
  const model = { kind: "transformer", features: 20, width: 8, layers: 1, heads: 2, feedForward: 16, causal: false };
  const { planner, training } = JSON.parse(readFileSync(join(models, "maze2d-umaze/training.json"), "utf8"));
  const recipe = {
    planner: { ...planner, lengths: [3], model, schedule: { ...planner.schedule, levels: 100 } },
    training: { ...training, steps: 4, tokensPerStep: 64, dataSteps: 2000 },
  };
  writeFileSync(at("recipe.json"), JSON.stringify(recipe));
  const size = { features: 2, width: 8, layers: 1, heads: 2, feedForward: 8 } as const;
  const official = { kind: "transformer", ...size, positions: "sinusoidal" } as const;
  const { config } = modelFromConfig(official);
  writeFileSync(at("model.json"), JSON.stringify(official));
  const weights = initializeParameters(modelFromConfig(official), createRandom(0));
  writeFileSync(at("official.safetensors"), encodeWeights(toOfficial(config, weights)));
  cpSync(join(models, "series-exchange"), at("series"), { recursive: true });
  const { task } = JSON.parse(readFileSync(join(at("series"), "config.json"), "utf8"));
  const rate = (row: number, column: number): string => (1 + Math.sin(row / (9 + column)) / 9).toFixed(4);
  const rows = Array.from({ length: 300 }, (_, row) =>
    task.columns.map((_: string, column: number) => rate(row, column)),
  );
  writeFileSync(at("rates.csv"), [task.columns, ...rows].join("\n"));
  writeFileSync(at("maze.txt"), "#######\n#OOO#O#\n#O#OOO#\n#OOO#G#\n#######\n");
  const symbols = Int32Array.from({ length: 4 * 48 }, (_, i) => 38 - 6 * (i % 4) + (Math.floor(i / 16) % 3));
  writeFileSync(at("song.mid"), writeMidi(choralesOf(tensor(symbols, [1, 48, 4]))[0] as never));
}
