import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Task } from "@diffusion-forcing/tasks";
import type { PlannerPreset } from "@diffusion-forcing/tasks/maze2d";
// biome-ignore lint/correctness/noUndeclaredDependencies: only tests import this file, and it is not published.
import { afterAll } from "vitest";
import { runCli } from "../run.js";
import type { RunConfig } from "../run-config.js";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `dforce ...args` in this process, one at a time. */
export function dforce(...args: readonly string[]): Promise<Outcome> {
  return dforceWith(undefined, ...args);
}

/** The same with other tasks than those that come with the library. */
export async function dforceWith(tasks: readonly Task[] | undefined, ...args: readonly string[]): Promise<Outcome> {
  const captured = { stdout: "", stderr: "" };
  const originals = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const name of ["stdout", "stderr"] as const) {
    process[name].write = (chunk: string | Uint8Array): boolean => {
      captured[name] += chunk;
      return true;
    };
  }
  try {
    const code = await runCli(args, tasks);
    return { code, ...captured };
  } finally {
    process.stdout.write = originals.stdout;
    process.stderr.write = originals.stderr;
  }
}

export const mainFile: string = fileURLToPath(new URL("../main.ts", import.meta.url));

export interface SpawnOptions {
  /** Further options of Node. */
  readonly node?: readonly string[];
  readonly main?: string;
  /** Called with every line of stderr as it comes. */
  readonly onStderr?: (line: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs `dforce ...args` as a process of its own. */
export function spawnDforce(args: readonly string[], options: SpawnOptions = {}): Promise<Outcome> {
  const { node = [], main = mainFile, onStderr } = options;
  const nodeArgs = ["--import", "tsx", "--conditions=source", ...node, main, ...args];
  const child = spawn(process.execPath, nodeArgs, { stdio: ["ignore", "pipe", "pipe"] });
  const captured = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    captured.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    captured.stderr += text;
    for (const line of text.split("\n")) onStderr?.(line, (signal) => child.kill(signal));
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...captured }));
  });
}

function dataUrl(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}

/** Makes Node answer as if onnxruntime-node were not installed. */
export const withoutRuntime: string = dataUrl(`
  import { register } from "node:module";
  register(${JSON.stringify(
    dataUrl(`
      export async function resolve(specifier, context, next) {
        if (specifier !== "onnxruntime-node") return next(specifier, context);
        throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
      }
    `),
  )});
`);

/** A new folder, deleted after the tests of the file that asked for it. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "dforce-test-"));
  temporaryFolders.push(folder);
  return folder;
}

const temporaryFolders: string[] = [];
afterAll(async () => {
  for (const folder of temporaryFolders) await rm(folder, { recursive: true, force: true });
});

/** A planner that trains in a second and plans badly. */
export const tinyRecipe: PlannerPreset & RunConfig = {
  task: "maze2d",
  planner: {
    kind: "maze2d-planner",
    maze: "umaze",
    fields: ["position"],
    frameStack: 10,
    lengths: [3],
    model: { kind: "transformer", features: 20, width: 8, layers: 1, heads: 2, feedForward: 16, causal: false },
    schedule: { kind: "linear", levels: 100 },
    objective: "x0",
    lossWeighting: { kind: "clamped-snr", low: 0.5, high: 5 },
    clipNoise: 20,
  },
  training: {
    steps: 5,
    tokensPerStep: 64,
    dataSteps: 2000,
    dataSeed: 1,
    learningRate: 1e-3,
    schedule: { kind: "constant" },
    emaDecay: 0.9,
  },
  seed: 3,
};

/** Writes a recipe, the tiny one with other training, into a folder of its own; returns the file's path. */
export async function writeRecipe(training: Partial<PlannerPreset["training"]> = {}): Promise<string> {
  const path = join(await temporaryFolder(), "recipe.json");
  await writeFile(path, JSON.stringify({ ...tinyRecipe, training: { ...tinyRecipe.training, ...training } }));
  return path;
}

/** Trains the tiny recipe into a new folder and returns it. */
export async function trainTiny(
  training: Partial<PlannerPreset["training"]> = {},
  ...args: readonly string[]
): Promise<string> {
  const out = join(await temporaryFolder(), "run");
  const config = await writeRecipe(training);
  const { code, stderr } = await dforce("train", "--config", config, "--out", out, "--threads", "1", ...args);
  if (code !== 0) throw new Error(`The tiny run failed: ${stderr}`);
  return out;
}
