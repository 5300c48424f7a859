import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Codec,
  DiffusionForcingError,
  type HostTensorRecord,
  isDiffusionForcingError,
  samplingParameters,
  type TrainingState,
} from "@diffusion-forcing/core";
import { describe } from "@diffusion-forcing/core/backend";
import {
  bundleFiles,
  decodeSafetensors,
  decodeTrainingState,
  encodeBundle,
  encodeTrainingState,
  parseJson,
} from "@diffusion-forcing/core/bundle";
import { tasks as allTasks, type Task, type TaskJob } from "@diffusion-forcing/tasks";
import { z } from "zod";
import { commandLine } from "../process/invocation.js";
import { parseRunConfig, type RunConfig } from "../run-config.js";
import { writeAtomically } from "./atomic-write.js";
import { readIfThere } from "./input.js";
import { metricsFiles } from "./metrics-log.js";
import { loadModel } from "./models.js";
import { checkOutputs } from "./outputs.js";

const runFile = "training.json";
const checkpointFile = "checkpoint.safetensors";
const summaryFile = "summary.json";
const codecFile = "codec-training.safetensors";
/** Recipe and summary are a screenful each. */
const MOST_TEXT_BYTES = 1e6;

/** What `dforce train` reports of a run; kept as `summary.json`. */
export interface RunSummary {
  readonly out: string;
  readonly task: string;
  readonly seed: number;
  readonly steps: number;
  /** Running mean of the last steps' losses; null if this session took none. */
  readonly loss: number | null;
  /** Of the session that ended the run. */
  readonly seconds: number;
  readonly threads: number | "all";
  /** What the task says of its data. */
  readonly [about: string]: unknown;
}

/**
 * Starts a run in a folder that is there and that this process has locked.
 *
 * @param inputs files that the run reads, which must not be overwritten.
 * @throws `write-failed`, or `invalid-argument` if a run or a model lives there already
 */
export async function createRun(folder: string, config: RunConfig, inputs: readonly string[] = []): Promise<void> {
  for (const name of [runFile, checkpointFile]) {
    if ((await readIfThere(join(folder, name))) === undefined) continue;
    const again = commandLine("train", "--resume", "--out", folder);
    throw new DiffusionForcingError(
      "invalid-argument",
      `${folder} already holds a training run. Go on with it by ${again}, or choose another folder with --out.`,
    );
  }
  if (await readIfThere(join(folder, bundleFiles.weights))) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${folder} already holds a model, which training would overwrite. Choose another folder with --out.`,
    );
  }
  const names = [
    runFile,
    checkpointFile,
    codecFile,
    summaryFile,
    ...Object.values(bundleFiles),
    ...Object.values(metricsFiles),
  ];
  await checkOutputs({ files: names.map((name) => join(folder, name)), inputs, force: "never" });
  await writeAtomically(join(folder, runFile), `${JSON.stringify(config, null, 2)}\n`);
}

/** Gives up a run of which nothing was computed, its data refused, so that the same command may be given again. */
export async function abandonRun(folder: string): Promise<void> {
  for (const name of [checkpointFile, codecFile]) {
    if ((await readIfThere(join(folder, name))) !== undefined) return;
  }
  await rm(join(folder, runFile), { force: true });
}

/** @throws `invalid-argument` unless the folder holds a run that can be resumed */
export async function checkRunThere(folder: string): Promise<void> {
  if ((await readIfThere(join(folder, runFile))) !== undefined) return;
  throw new DiffusionForcingError(
    "invalid-argument",
    `${folder} holds no training run: ${runFile} is missing. Start one with --preset or --config.`,
  );
}

/**
 * Reads a run to resume.
 *
 * @throws `invalid-argument` if there is none, `corrupt-file`, `invalid-config`, `checkpoint-mismatch` for the
 *   checkpoint of another run
 */
export async function readRun(
  folder: string,
  tasks: readonly Task[] = allTasks,
): Promise<{ config: RunConfig; state: TrainingState | undefined }> {
  await checkRunThere(folder);
  const path = join(folder, runFile);
  const config = parseRunConfig(new TextDecoder().decode(await readIfThere(path, MOST_TEXT_BYTES)), path, tasks);
  const bytes = await readIfThere(join(folder, checkpointFile));
  return { config, state: bytes && decodeCheckpoint(join(folder, checkpointFile), bytes, config) };
}

function decodeCheckpoint(path: string, bytes: Uint8Array, config: RunConfig): TrainingState {
  try {
    const state = decodeTrainingState(bytes);
    checkSubject(decodeSafetensors(bytes).metadata[subjectKey], config);
    return state;
  } catch (cause) {
    if (!isDiffusionForcingError(cause)) throw cause;
    throw new DiffusionForcingError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}

const subjectKey = "trained-on";

/**
 * What a checkpoint is about, beyond the shapes of its tensors: the recipe's parts, each field by itself. How long and how
 * fast it is trained may be changed.
 */
function subjectOf({
  task,
  seed: _,
  training,
  options: given = {},
  ...parts
}: RunConfig): Readonly<Record<string, unknown>> {
  const { steps: _steps, learningRate: _rate, schedule: _schedule, emaDecay: _ema, ...data } = training;
  // A file may have moved: what was in it counts.
  const options = Object.entries(given).map(([name, value]) => [
    name,
    typeof value === "object" ? value.sha256 : value,
  ]);
  return { task, ...Object.assign({}, ...Object.values(parts)), ...data, ...Object.fromEntries(options) };
}

function checkSubject(stored: string | undefined, config: RunConfig): void {
  if (stored === undefined) return;
  const [own, other] = [subjectOf(config), parseJson(subjectKey, new TextEncoder().encode(stored))];
  if (!isRecord(other)) {
    throw new DiffusionForcingError("corrupt-file", `Its ${subjectKey} is ${describe(other)}; expected an object.`);
  }
  if (!Object.keys(own).some((field) => Object.hasOwn(other, field))) {
    throw new DiffusionForcingError("checkpoint-mismatch", `Its ${subjectKey} says nothing of what ${runFile} trains.`);
  }
  for (const [field, value] of Object.entries(own)) {
    const [here, there] = [JSON.stringify(value), JSON.stringify(other[field])];
    // A checkpoint of an earlier day may not have recorded a field.
    if (there === undefined || here === there) continue;
    throw new DiffusionForcingError(
      "checkpoint-mismatch",
      `It is the checkpoint of another run: its ${field} is ${there}, in ${runFile} it is ${here}.`,
    );
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Writes the model files and the checkpoint, the checkpoint last: it alone decides where a resumed run starts. */
export async function writeCheckpoint(
  folder: string,
  config: RunConfig,
  job: TaskJob,
  state: TrainingState,
): Promise<void> {
  await writeModel(folder, job, state);
  const bytes = encodeTrainingState(state, { [subjectKey]: JSON.stringify(subjectOf(config)) });
  await writeAtomically(join(folder, checkpointFile), bytes);
}

/** Writes the model files of a state. */
export async function writeModel(folder: string, job: TaskJob, state: TrainingState): Promise<void> {
  const { diffusion, codec, record, trainedOn, card } = job;
  const files = encodeBundle({
    diffusion,
    parameters: samplingParameters(state),
    ...(codec ? { codec } : {}),
    task: record,
    ...(trainedOn ? { trainedOn } : {}),
    ...(card ? { card } : {}),
  });
  for (const [name, bytes] of Object.entries(files)) await writeAtomically(join(folder, name), bytes);
}

/** The codec of the folder's model, if both are whole: what a task learned before training. */
export async function codecOfRun(folder: string): Promise<Codec | undefined> {
  return loadModel(folder).then(
    ({ codec }) => codec,
    () => undefined,
  );
}

/** What a run keeps of a codec that it is still learning. */
export function codecStateOf(folder: string) {
  const path = join(folder, codecFile);
  return {
    async load(): Promise<TrainingState | undefined> {
      const bytes = await readIfThere(path);
      return bytes && decodeTrainingState(bytes);
    },
    async save(state: TrainingState): Promise<void> {
      await writeAtomically(path, encodeTrainingState(state));
    },
    /** Once the codec is known, which the model's files hold. */
    async discard(): Promise<void> {
      await rm(path, { force: true });
    },
  };
}

/** Whether the folder's model is whole and that of its checkpoint. */
export async function modelFits(folder: string, state: TrainingState): Promise<boolean> {
  try {
    const { parameters } = await loadModel(folder);
    return sameValues(parameters, samplingParameters(state));
  } catch {
    return false;
  }
}

function sameValues(one: HostTensorRecord, other: HostTensorRecord): boolean {
  const names = Object.keys(other);
  return (
    names.length === Object.keys(one).length &&
    names.every((name) => one[name]?.data.every((value, index) => Object.is(value, other[name]?.data[index])))
  );
}

export async function writeSummary(folder: string, summary: RunSummary): Promise<void> {
  await writeAtomically(join(folder, summaryFile), `${JSON.stringify(summary, null, 2)}\n`);
}

/** What every summary says, out of a file that anybody may have edited; the task adds what is about its data. */
const summarySchema = z.looseObject({
  out: z.string(),
  task: z.string(),
  seed: z.int(),
  steps: z.int().nonnegative(),
  loss: z.number().nullable(),
  seconds: z.number().nonnegative(),
  threads: z.union([z.number(), z.literal("all")]),
});

/** The summary of the run that ended at this step; undefined where it is damaged, another's, or was never written. */
export async function readSummary(
  folder: string,
  { task }: Pick<RunConfig, "task">,
  step: number,
): Promise<RunSummary | undefined> {
  const path = join(folder, summaryFile);
  try {
    const bytes = await readIfThere(path, MOST_TEXT_BYTES);
    // As it was written, in its order: a parsed copy has another.
    const summary = bytes && (parseJson(path, bytes) as RunSummary);
    const { task: of, steps } = summarySchema.parse(summary);
    return of === task && steps === step ? summary : undefined;
  } catch {
    return undefined;
  }
}
