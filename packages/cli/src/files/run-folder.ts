import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  DiffusionForcingError,
  isDiffusionForcingError,
  samplingParameters,
  type TrainingState,
} from "@diffusion-forcing/core";
import { decodeTrainingState, encodeTrainingState } from "@diffusion-forcing/core/bundle";
import {
  encodePlannerBundle,
  type Normalizer,
  type PlannerPreset,
  plannerFiles,
} from "@diffusion-forcing/tasks/maze2d";
import { parseRunConfig } from "../run-config.js";
import { ensureWritable, removeLeftovers, writeAtomically } from "./atomic-write.js";

/** A training run as a folder: a complete model as of the last checkpoint, and what is needed to go on. */
export interface RunConfig extends PlannerPreset {
  readonly seed: number;
}

const runFile = "training.json";
const checkpointFile = "checkpoint.safetensors";
const summaryFile = "summary.json";

/** What `dforce train` reports of a run; kept as `summary.json`. */
export interface RunSummary {
  readonly out: string;
  readonly maze: string;
  readonly seed: number;
  readonly steps: number;
  /** Running mean of the last steps' losses; null if this session took none. */
  readonly loss: number | null;
  /** Of the session that ended the run. */
  readonly seconds: number;
  readonly threads: number | "all";
  /** SHA-256 of the data trained on. */
  readonly dataChecksum: string;
}

/** Starts a folder for a run. @throws `write-failed`, or `invalid-argument` if a run or a model lives there already */
export async function createRun(folder: string, config: RunConfig): Promise<void> {
  await ensureWritable(folder);
  if (await readIfThere(join(folder, checkpointFile))) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${folder} already holds a training run. Go on with it by --resume, or choose another folder with --out.`,
    );
  }
  if (await readIfThere(join(folder, plannerFiles.weights))) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${folder} already holds a model, which training would overwrite. Choose another folder with --out.`,
    );
  }
  await writeAtomically(join(folder, runFile), `${JSON.stringify(config, null, 2)}\n`);
}

/** Reads a run to resume. @throws `invalid-argument` if there is none, `corrupt-file`, `invalid-config` */
export async function readRun(folder: string): Promise<{ config: RunConfig; state: TrainingState | undefined }> {
  const path = join(folder, runFile);
  const text = await readIfThere(path);
  if (text === undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${folder} holds no training run: ${runFile} is missing. Start one with --preset or --config.`,
    );
  }
  await ensureWritable(folder);
  await removeLeftovers(folder);
  const config = parseRunConfig(new TextDecoder().decode(text), path);
  const bytes = await readIfThere(join(folder, checkpointFile));
  return { config, state: bytes && decodeCheckpoint(join(folder, checkpointFile), bytes) };
}

/** Only a file that is not there counts as none: to start afresh because of another failure would lose the run. */
async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new DiffusionForcingError("corrupt-file", `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

function decodeCheckpoint(path: string, bytes: Uint8Array): TrainingState {
  try {
    return decodeTrainingState(bytes);
  } catch (cause) {
    if (!isDiffusionForcingError(cause)) throw cause;
    throw new DiffusionForcingError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}

/** Writes the model files and the checkpoint, the checkpoint last: it alone decides where a resumed run starts. */
export async function writeCheckpoint(
  folder: string,
  config: RunConfig,
  normalizer: Normalizer,
  state: TrainingState,
): Promise<void> {
  const bundle = { config: config.planner, parameters: samplingParameters(state), normalizer };
  for (const [name, bytes] of Object.entries(encodePlannerBundle(bundle)))
    await writeAtomically(join(folder, name), bytes);
  await writeAtomically(join(folder, checkpointFile), encodeTrainingState(state));
}

export async function writeSummary(folder: string, summary: RunSummary): Promise<void> {
  await writeAtomically(join(folder, summaryFile), `${JSON.stringify(summary, null, 2)}\n`);
}

/** The summary of a finished run; undefined where it is damaged or the run was killed before it was written. */
export async function readSummary(folder: string): Promise<RunSummary | undefined> {
  const bytes = await readIfThere(join(folder, summaryFile));
  try {
    return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as RunSummary);
  } catch {
    return undefined;
  }
}
