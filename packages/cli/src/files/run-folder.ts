import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  DiffusionForcingError,
  decodeTrainingState,
  encodeTrainingState,
  samplingParameters,
  type TrainingState,
} from "@diffusion-forcing/core";
import { encodePlannerBundle, type Normalizer, type PlannerPreset } from "@diffusion-forcing/tasks/maze2d";
import { parseRunConfig } from "../run-config.js";
import { ensureWritable, writeAtomically } from "./atomic-write.js";

/** A training run as a folder: a complete model as of the last checkpoint, and what is needed to go on. */
export interface RunConfig extends PlannerPreset {
  readonly seed: number;
}

const runFile = "training.json";
const checkpointFile = "checkpoint.safetensors";

/** Starts a folder for a run. @throws `write-failed`, or `invalid-argument` if a run lives there already */
export async function createRun(folder: string, config: RunConfig): Promise<void> {
  await ensureWritable(folder);
  const taken = await access(join(folder, checkpointFile)).then(
    () => true,
    () => false,
  );
  if (taken) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${folder} already holds a training run. Go on with it by --resume, or choose another folder with --out.`,
    );
  }
  await writeAtomically(join(folder, runFile), `${JSON.stringify(config, null, 2)}\n`);
}

/** Reads a run to resume. @throws `invalid-argument` if there is none, `corrupt-file`, `invalid-config` */
export async function readRun(folder: string): Promise<{ config: RunConfig; state: TrainingState | undefined }> {
  const path = join(folder, runFile);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new DiffusionForcingError("invalid-argument", `${folder} holds no training run (${runFile} is missing).`, {
      cause,
    });
  });
  await ensureWritable(folder);
  const bytes = await readFile(join(folder, checkpointFile)).catch(() => undefined);
  return { config: parseRunConfig(text, path), state: bytes && decodeTrainingState(bytes) };
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
