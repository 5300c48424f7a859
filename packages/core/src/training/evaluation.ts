import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { RandomStream } from "../engine/random/index.js";
import type { HostTensorRecord } from "../engine/tensor/tensor.js";
import { type Batch, givenBatch } from "./batch.js";
import type { BestEvaluation } from "./state.js";
import type { TrainingStepper } from "./stepper.js";
import type { Trainable } from "./trainable.js";

/**
 * How a run is validated as it goes: by the loss on batches that are not trained on, with the same levels and noise each
 * time, or by a function of one's own. The weights are those to sample with: the moving average, if one is kept.
 */
export interface EvaluationOptions {
  /** Steps between evaluations; the last step is always followed by one. */
  readonly every: number;
  /** Either these batches, */
  readonly batches?: readonly Batch[];
  /** or this function of the weights, lower being better. */
  readonly run?: (parameters: HostTensorRecord, step: number) => number | Promise<number>;
  /** Stops the run after this many evaluations in a row without a new best, whose weights are kept. Default: never. */
  readonly patience?: number;
}

const schema = v.strictObject({
  every: schemas.integer(1),
  batches: v.optional(schemas.having<readonly Batch[]>("an array of batches", "length")),
  run: v.optional(schemas.function()),
  patience: v.optional(schemas.integer(1)),
});

/** @throws `invalid-argument` */
export function checkEvaluation(options: EvaluationOptions): void {
  const { batches, run } = check("train: evaluate", schema, options);
  if ((batches === undefined) !== (run === undefined) && batches?.length !== 0) return;
  throw new DiffusionForcingError("invalid-argument", "train: evaluate takes either batches, at least one, or run.");
}

/** The validation loss now. @throws `non-finite-loss` */
export async function evaluated(
  trainable: Trainable,
  { batches, run }: EvaluationOptions,
  stepper: TrainingStepper,
  random: RandomStream,
): Promise<number> {
  for (const batch of batches ?? []) trainable.checkBatch(givenBatch(batch));
  const loss = batches
    ? await stepper.loss(batches, random)
    : await (run as NonNullable<typeof run>)(await stepper.readSamplingParameters(), stepper.stepsDone);
  if (Number.isFinite(loss)) return loss as number;
  throw new DiffusionForcingError(
    "non-finite-loss",
    `The validation loss after step ${stepper.stepsDone} is ${describe(loss)}; expected a finite number.`,
  );
}

/** The best evaluation after one more. */
export async function nextBest(
  best: BestEvaluation | undefined,
  loss: number,
  stepper: TrainingStepper,
): Promise<BestEvaluation> {
  if (best !== undefined && loss >= best.loss) return { ...best, misses: best.misses + 1 };
  return { step: stepper.stepsDone, loss, misses: 0, parameters: await stepper.readSamplingParameters() };
}
