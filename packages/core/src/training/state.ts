import * as v from "valibot";
import type { Diffusion } from "../diffusion/diffusion.js";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { createRandom, type RandomStream } from "../engine/random/index.js";
import {
  checkHostTensor,
  checkHostTensors,
  copyTensor,
  type HostTensor,
  type HostTensorRecord,
  zeros,
} from "../engine/tensor/tensor.js";
import { type DataRange, dataRangeOf, weightsOf, withDataRange } from "../models/data-range.js";
import type { Network } from "../models/model.js";
import { checkParameters, initializeParameters } from "../models/parameters.js";
import type { Trainable } from "./trainable.js";
import { asTrainable } from "./trainable-diffusion.js";

/** What a run is a run of, as JSON: the model's configuration and the process's, where there is one. A state goes on only with the same. */
export interface TrainingSubject {
  readonly model: unknown;
  readonly process?: unknown;
}

/** A seed as a state holds it: the number, or the key of the stream that was given. */
export type RecordedSeed = number | readonly [number, number];

/** The best of the validation losses so far, and the weights that it was measured with. */
export interface BestEvaluation {
  readonly step: number;
  readonly loss: number;
  /** Evaluations since, none of them better. */
  readonly misses: number;
  readonly parameters: HostTensorRecord;
}

/**
 * Everything a training run needs to go on exactly where it stopped. Random numbers depend on seed and step only. JSON
 * does not hold it: write it by `encodeTrainingState`.
 */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  readonly seed: RecordedSeed;
  readonly subject: TrainingSubject;
  readonly parameters: HostTensorRecord;
  /** AdamW's moments, without their constant factors (see `adamWScalars`). */
  readonly first: HostTensorRecord;
  readonly second: HostTensorRecord;
  /** Exponential moving average of the parameters, if one is kept. */
  readonly ema?: HostTensorRecord;
  /** Of the data so far; absent before the first step. */
  readonly range?: DataRange;
  /** Present with early stopping, after the first evaluation. */
  readonly best?: BestEvaluation;
}

/** The groups of tensors that a training step reads and writes. */
export const stateGroups = ["parameters", "first", "second", "ema"] as const;
export type StateGroup = (typeof stateGroups)[number];

export function trainingSubject({ config, process }: Trainable): TrainingSubject {
  return { model: config, ...(process === undefined ? {} : { process }) };
}

export function recordedSeed(seed: number | RandomStream): RecordedSeed {
  return typeof seed === "number" ? seed : seed.state().key;
}

export function copyRecord(record: HostTensorRecord): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(record).map(([name, tensor]) => [name, copyTensor(tensor)]));
}

export interface InitialStateOptions {
  readonly seed: number | RandomStream;
  readonly keepEma: boolean;
  /** Weights to start from in place of fresh ones. */
  readonly parameters?: HostTensorRecord;
}

/** The state before the first step: fresh parameters or those given, zero moments, the average equal to the parameters. */
export function initialTrainingState(subject: Diffusion | Trainable, options: InitialStateOptions): TrainingState {
  const network = asTrainable(subject);
  const { seed, keepEma } = options;
  if (options.parameters !== undefined) checkRecord(network, "parameters", options.parameters);
  const parameters = options.parameters
    ? copyRecord(weightsOf(network, options.parameters))
    : initializeParameters(network, createRandom(seed).split("parameters"));
  const moments = (): HostTensorRecord =>
    Object.fromEntries(Object.entries(network.parameters).map(([name, { shape }]) => [name, zeros("float32", shape)]));
  return {
    step: 0,
    seed: recordedSeed(seed),
    subject: trainingSubject(network),
    parameters,
    first: moments(),
    second: moments(),
    ...(keepEma ? { ema: copyRecord(parameters) } : {}),
  };
}

/**
 * Checks that a state to resume from is one, whole, and of this process, model and seed.
 *
 * @throws `checkpoint-mismatch`, `invalid-argument` for what is no state, `non-finite-loss` if it is spoilt.
 */
export function checkTrainingState(
  subject: Diffusion | Trainable,
  state: TrainingState,
  { seed, keepEma }: Omit<InitialStateOptions, "parameters">,
): void {
  const trainable = asTrainable(subject);
  const { step, first, second } = state;
  if (!isRecord(first) || !isRecord(second) || !Number.isSafeInteger(step) || step < 0) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `train: resume is ${describe(state)}; expected a TrainingState with step and the optimiser's moments. To start anew from weights alone, give them as parameters.`,
    );
  }
  const { range, best } = check("train: resume", partsSchema, state);
  if (range !== undefined) checkRange(trainable, range);
  checkSubject(trainingSubject(trainable), state.subject);
  const groups = stateGroups.filter((group) => group !== "ema" || state.ema !== undefined);
  for (const group of groups) checkRecord(trainable, `resume.${group}`, state[group]);
  if (best !== undefined) checkRecord(trainable, "resume.best.parameters", best.parameters);
  if (keepEma !== (state.ema !== undefined)) {
    throw new DiffusionForcingError(
      "checkpoint-mismatch",
      `The state to resume from ${keepEma ? "has no" : "has a"} moving average of the parameters, the run ${keepEma ? "keeps one" : "does not"}. Resume with the emaDecay of the first run.`,
    );
  }
  if (String(createRandom(state.seed).state().key) !== String(createRandom(seed).state().key)) {
    throw new DiffusionForcingError(
      "checkpoint-mismatch",
      `The state to resume from was trained with seed ${describe(state.seed)}, the run has seed ${describe(recordedSeed(seed))}. Pass the state's to go on exactly.`,
    );
  }
  checkFiniteState(state);
}

const partsSchema = v.object({
  range: v.optional(schemas.having<DataRange>("the range of the data, minimum and maximum", "minimum", "maximum")),
  best: v.optional(
    v.strictObject({
      step: schemas.integer(0),
      loss: schemas.number(),
      misses: schemas.integer(0),
      parameters: schemas.having<HostTensorRecord>("a record of tensors"),
    }),
  ),
});

/** Numbers for the model's channels; infinite while all data were masked. */
function checkRange(network: Network, { minimum, maximum }: DataRange): void {
  for (const [name, bound] of Object.entries({ minimum, maximum })) {
    const { data } = checkHostTensor(`train: resume.range.${name}`, bound);
    if (!data.some(Number.isNaN)) continue;
    throw new DiffusionForcingError("invalid-data", `train: resume.range.${name} holds NaN; expected numbers.`);
  }
  dataRangeOf(network, withDataRange({}, { minimum, maximum }));
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** Whole tensors, those of the model. */
function checkRecord(network: Network, what: string, record: unknown): void {
  checkParameters(network, checkHostTensors(`train: ${what}`, record));
}

/** @throws `checkpoint-mismatch` naming the first field in which they differ. */
function checkSubject(expected: TrainingSubject, given: TrainingSubject | undefined): void {
  for (const part of ["process", "model"] as const) {
    const found = firstDifference(part, expected[part], given?.[part]);
    if (found === undefined) continue;
    throw new DiffusionForcingError(
      "checkpoint-mismatch",
      `The state to resume from was trained with ${found.path} ${describe(found.given)}, the run has ${describe(found.expected)}. Resume with the process and the model of the first run, or start anew from the state's parameters.`,
    );
  }
}

interface Difference {
  readonly path: string;
  readonly expected: unknown;
  readonly given: unknown;
}

function firstDifference(path: string, expected: unknown, given: unknown): Difference | undefined {
  if (!isRecord(expected) || !isRecord(given))
    return Object.is(expected, given) ? undefined : { path, expected, given };
  const [one, other] = [expected, given] as [Record<string, unknown>, Record<string, unknown>];
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const found = firstDifference(`${path}.${key}`, one[key], other[key]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Checks that a state is worth keeping: an overflowing gradient spoils it one step before the loss shows it.
 *
 * @throws `non-finite-loss` naming the first tensor that holds a NaN or an infinity.
 */
export function checkFiniteState(state: TrainingState): void {
  for (const group of stateGroups) {
    for (const [name, { data }] of Object.entries(state[group] ?? {})) {
      const bad = data.find((x) => !Number.isFinite(x));
      if (bad === undefined) continue;
      const what = group === "parameters" ? `parameter "${name}"` : `"${name}" in the state's ${group}`;
      throw new DiffusionForcingError(
        "non-finite-loss",
        `After step ${state.step}, ${what} holds ${bad}: a gradient overflowed. The last checkpoint is intact; go on from it with a lower learning rate or maxGradNorm, or look for outliers in the data and the loss mask.`,
      );
    }
  }
}

const stateSchema = schemas.having<TrainingState>("a training state, as train() returns one", "step", "parameters");

/** The weights to sample with, and the range of the data: those of the best evaluation with early stopping, else the moving average, if there is one. */
export function samplingParameters(state: TrainingState): HostTensorRecord {
  check("samplingParameters: the state", stateSchema, state);
  return withDataRange(state.best?.parameters ?? state.ema ?? state.parameters, state.range);
}
