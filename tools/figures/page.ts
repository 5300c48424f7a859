import { markdownTable } from "markdown-table";
import type { BenchRecord, BenchRows, Range, WasmRecord } from "./record.js";

/** The rows of `evaluation.json` that the page shows. */
export interface Evaluation {
  readonly maze: string;
  readonly success: { readonly value: number };
  readonly hard: { readonly successes: number; readonly episodes: number };
  readonly ratioToExpert: { readonly value: number };
  /** Absent for a maze without a reference score. */
  readonly normalizedScore?: { readonly value: number };
  readonly planWallFraction: number;
}

export interface Figures {
  /** By maze; its goal fixed, and drawn anew in every episode. */
  readonly planning: readonly { readonly fixed: Evaluation; readonly random: Evaluation }[];
  readonly bench: BenchRecord;
  readonly wasm: WasmRecord;
}

/** Table 1 of the paper, Maze2D and Multi2D. */
const paperScores: Readonly<Record<string, readonly [number, number]>> = {
  umaze: [116.7, 119.1],
  medium: [149.4, 152.3],
  large: [159.0, 167.1],
};

function planningTable(planning: Figures["planning"]): string {
  const row = (goal: string, evaluation: Evaluation, paper: number | undefined): string[] => [
    `${evaluation.maze}, ${goal}`,
    `${Math.round(100 * evaluation.success.value)} %`,
    `${evaluation.hard.successes}/${evaluation.hard.episodes}`,
    evaluation.ratioToExpert.value.toFixed(2),
    evaluation.normalizedScore?.value.toFixed(1) ?? "",
    `${(100 * evaluation.planWallFraction).toFixed(2)} %`,
    paper?.toFixed(1) ?? "",
  ];
  const rows = planning.flatMap(({ fixed, random }) => {
    const [single, multi] = paperScores[fixed.maze] ?? [];
    return [row("fixed", fixed, single), row("random", random, multi)];
  });
  const columns = [
    "maze, goal",
    "success",
    "hard starts",
    "steps to first reach / expert's",
    "normalised score",
    "plan points in walls",
    "paper's score",
  ];
  return markdownTable([columns, ...rows]);
}

function benchTable(bench: BenchRows = {}): string {
  const jobs = [...new Set(Object.values(bench).flatMap((row) => Object.keys(row)))];
  const rows = Object.entries(bench).map(([config, row]) => [config, ...jobs.map((job) => String(row[job] ?? ""))]);
  return markdownTable([["config", ...jobs], ...rows]);
}

const range = ([low, high]: Range, unit: string): string =>
  low === high ? `${low} ${unit}` : `${low} to ${high} ${unit}`;

function wasmTable(wasm: WasmRecord): string {
  const names = [...new Set(Object.values(wasm).flatMap((row) => Object.keys(row)))];
  const rows = Object.entries(wasm).map(([config, row]) => [
    config,
    ...names.map((name) => {
      const { milliseconds, times } = row[name] ?? {};
      if (milliseconds !== undefined) return range(milliseconds, "ms");
      return times === undefined ? "" : range(times, "times that");
    }),
  ]);
  return markdownTable([["config", ...names], ...rows]);
}

/** A table for every device but the processor. */
function otherDevices(bench: BenchRecord): string {
  return Object.entries(bench)
    .filter(([device]) => device !== "onnx/cpu")
    .map(([device, rows]) => `\`--backend ${device}\`:\n\n${benchTable(rows)}`)
    .join("\n\n");
}

/** The page `docs/figures.md`. */
export function figuresPage({ planning, bench, wasm }: Figures): string {
  return `# Figures

Written by \`npm run figures\` from what the commands below recorded: \`docs/figures/*.json\` and the models' \`evaluation.json\`.

## Planning in Maze2D

\`npx dforce eval --model medium\`, 100 episodes each; full tables with intervals in the models' cards. Re-created environment and data, statistically close to D4RL's, not D4RL's files or simulator. Expert: the data's waypoint controller, planning anew in every episode.

${planningTable(planning)}

## Speed

\`npm run bench -- --config base --record\`: milliseconds, medians on two threads of a shared machine without a GPU. Times depend on the machine: compare on yours.

${benchTable(bench["onnx/cpu"])}

\`train_step\` is forward, backward and AdamW with fresh noise levels; \`denoise_step\` and \`guided_step\` one step of a batch, without and with a gradient through the model; \`sample\` 50 steps of one sequence; \`rollout_token\` one generated token at 10 steps, the window read anew in each; \`rollout_token_cached\` the same from keys and values; \`first_result\` a first token from weights in memory, compiling included. Further configurations: \`wide\` and \`large\` (25.6 million parameters), \`dit\` and \`unet\` (a training step of the video models; of \`dit\` also \`stream_frame\`, one more frame of 16 x 16 at 10 steps), \`conv\` (single convolutions, forward and with all gradients).

## On a GPU

\`npm run bench -- --config base --backend onnx/webgpu --record\`: milliseconds as above on an NVIDIA H100 over Vulkan, which \`npm run test:gpu\` passed: 221 tests of the conformance kit on \`onnx/webgpu\` and on \`tfjs/webgpu\`. Small models wait for the border between the runtime and the GPU, a fraction of a millisecond for each run of a graph, so a batch of one is no faster than on a processor; CUDA was not measured.

${otherDevices(bench)}

## In a browser

\`npm run bench:wasm -- --record\`: a training step in WebAssembly in one page of Chromium, medians of 20, on two cores of a shared machine; the lowest and the highest of the runs recorded.

${wasmTable(wasm)}

## Memory and fidelity

\`npm run soak -- --all\` trains and denoises a thousand steps on every device and fails if memory grows by more than 5 %, or tensors or GPU buffers by one. \`npm run golden -- FOLDER\` compares with cases recorded from the official implementation, tensor by tensor, on the reference backend, on ONNX Runtime for Node and on its WebAssembly; [fidelity.md](fidelity.md) has every error beside its tolerance, [parity.md](parity.md) how far every device is from the reference.
`;
}
