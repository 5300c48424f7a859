import * as v from "valibot";
import type { LossOptions } from "../diffusion/loss.js";
import { lossOptionsSchema } from "../diffusion/loss.js";
import { backendSchema } from "../engine/backend/backend-schema.js";
import type { Backend } from "../engine/backend/contract.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { RandomStream } from "../engine/random/index.js";
import type { HostTensorRecord } from "../engine/tensor/tensor.js";
import type { BatchSource } from "./batch.js";
import { checkEvaluation, type EvaluationOptions } from "./evaluation.js";
import { checkLearningRate, type LearningRateSchedule } from "./learning-rate.js";
import type { TrainingMetrics } from "./metrics.js";
import { type AdamWOptions, completeAdamW, fraction } from "./optimizer.js";
import type { TrainingState } from "./state.js";
import type { StepGraphOptions } from "./step-graph.js";

export interface TrainingOptions {
  readonly backend: Backend;
  readonly batches: BatchSource;
  /** Steps of the whole run, those before a resumed state included. */
  readonly steps: number;
  /** Seeds parameters, data order, levels and noise. Of a stream only the key counts, not what it has drawn. Default 0. */
  readonly seed?: number | RandomStream;
  /** Weights to start from, float32, in place of fresh ones: fine-tuning. They are not changed. */
  readonly parameters?: HostTensorRecord;
  readonly optimizer?: AdamWOptions;
  /** Default: constant, no warm-up. */
  readonly learningRate?: LearningRateSchedule;
  /** How the loss of a diffusion is reduced. */
  readonly loss?: LossOptions;
  /** Largest global gradient norm. Default 1; `false` for no clipping. */
  readonly maxGradNorm?: number | false;
  /**
   * Decay of the exponential moving average of the parameters, in its long run: at first it follows faster, see
   * `emaRate`. Default 0.999; `false` keeps none.
   */
  readonly emaDecay?: number | false;
  /**
   * Parts that a batch falls into: the gradient is computed part by part and added up, so that memory is bounded by one
   * of them, and the result is that of the whole batch, to rounding. What compares the sequences of a batch with each other,
   * such as the balance of `selfLabelTraining`, of a CP head and of a vector quantiser, compares those of a part. Must divide the number of
   * sequences. Default 1.
   */
  readonly accumulate?: number;
  /**
   * Compute the model's blocks once more for the gradient instead of keeping what they computed first: for large models
   * and batches, far less memory for about a third more time. Default false.
   */
  readonly rematerialize?: boolean;
  /** Called, and awaited, after every step: for a console, a file or any logger. */
  readonly log?: (metrics: TrainingMetrics) => void | Promise<void>;
  /** Validation, and early stopping by it. */
  readonly evaluate?: EvaluationOptions;
  /** Where to go on from; the run ends bit-identical to one that was never interrupted. */
  readonly resume?: TrainingState;
  /** Called with a copy of the state every `every` steps, after the last step and when aborted. */
  readonly checkpoint?: { readonly every: number; save(state: TrainingState): void | Promise<void> };
  readonly signal?: AbortSignal;
}

/** Options checked and with their defaults. */
export interface CompleteTrainingOptions extends TrainingOptions {
  readonly seed: number | RandomStream;
  readonly learningRate: LearningRateSchedule;
  readonly accumulate: number;
  readonly step: StepGraphOptions;
}

const isPositive = (value: unknown): boolean => v.is(schemas.positive(), value);

const optionsSchema = v.strictObject({
  backend: backendSchema,
  batches: schemas.function<BatchSource>(),
  steps: schemas.integer(1),
  seed: v.optional(
    v.custom<number | RandomStream>(
      (value) => v.is(schemas.integer(0), value) || v.is(schemas.having("", "split"), value),
      "a whole number from 0 or a RandomStream",
    ),
  ),
  parameters: v.optional(schemas.having<HostTensorRecord>("a record of tensors")),
  optimizer: v.optional(schemas.having<AdamWOptions>("an object")),
  learningRate: v.optional(v.any()),
  loss: v.optional(lossOptionsSchema),
  maxGradNorm: v.optional(
    v.custom<number | false>((value) => value === false || isPositive(value), "a positive number or false"),
  ),
  emaDecay: v.optional(
    v.custom<number | false>(
      (value) => value === false || v.is(fraction, value),
      "a number from 0 to below 1, or false",
    ),
  ),
  accumulate: v.optional(schemas.integer(1)),
  rematerialize: v.optional(v.boolean()),
  log: v.optional(schemas.function()),
  evaluate: v.optional(schemas.having<EvaluationOptions>("an object")),
  resume: v.optional(schemas.having<TrainingState>("a TrainingState", "step", "parameters")),
  checkpoint: v.optional(v.strictObject({ every: schemas.integer(1), save: schemas.function() })),
  signal: v.optional(schemas.having<AbortSignal>("an AbortSignal", "aborted")),
});

/** @throws `invalid-argument` naming the option that is unknown or out of its range. */
export function completeTrainingOptions(options: TrainingOptions): CompleteTrainingOptions {
  const { resume, parameters } = check("train", optionsSchema, options);
  if (resume !== undefined && parameters !== undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      "train: both resume and parameters are given. A state brings its weights; give one of them.",
    );
  }
  const { seed = 0, learningRate = { kind: "constant" }, maxGradNorm = 1, emaDecay = 0.999, accumulate = 1 } = options;
  checkLearningRate(learningRate);
  if (options.evaluate !== undefined) checkEvaluation(options.evaluate);
  const step: StepGraphOptions = {
    optimizer: completeAdamW(options.optimizer, "train: optimizer"),
    maxGradNorm: maxGradNorm === false ? undefined : maxGradNorm,
    emaDecay: emaDecay === false ? undefined : emaDecay,
    rematerialize: options.rematerialize ?? false,
  };
  return { ...options, seed, learningRate, accumulate, step };
}
