import type { Diffusion } from "../diffusion/diffusion.js";
import { breathe } from "../engine/breathe.js";
import { DiffusionForcingError, isDiffusionForcingError, throwIfAborted } from "../engine/errors.js";
import { createRandom } from "../engine/random/index.js";
import type { HostTensorRecord } from "../engine/tensor/tensor.js";
import { unlessAborted } from "../engine/unless-aborted.js";
import type { DataRange } from "../models/data-range.js";
import { batchRange, givenBatch } from "./batch.js";
import { evaluated, nextBest } from "./evaluation.js";
import { learningRateFactor } from "./learning-rate.js";
import type { TrainingMetrics } from "./metrics.js";
import { type CompleteTrainingOptions, completeTrainingOptions, type TrainingOptions } from "./options.js";
import {
  checkFiniteState,
  checkTrainingState,
  initialTrainingState,
  recordedSeed,
  samplingParameters,
  type TrainingState,
  trainingSubject,
} from "./state.js";
import { TrainingStepper } from "./stepper.js";
import type { Trainable } from "./trainable.js";
import { asTrainable } from "./trainable-diffusion.js";

export interface TrainingProgress extends TrainingMetrics {
  readonly steps: number;
  /** Whether no step follows: the run is over, or has stopped early. */
  readonly isLast: boolean;
  /** A copy of the state after this step; valid until the next step is asked for. */
  snapshot(): Promise<TrainingState>;
}

export interface TrainingResult {
  /** The weights to sample with: the best with early stopping, else the moving average if one is kept, else the parameters. */
  readonly parameters: HostTensorRecord;
  /** The state after the last step, to resume from. */
  readonly state: TrainingState;
  /** Loss of each step that was taken; steps before a resumed state are not among them. */
  readonly losses: readonly number[];
  /** Each evaluation of these steps. */
  readonly evaluations: readonly { readonly step: number; readonly loss: number }[];
}

/**
 * Trains a diffusion, or anything with a loss of its own, to the end: see {@link trainStream} for step after step.
 *
 * @throws as {@link trainStream}.
 */
export async function train(subject: Diffusion | Trainable, options: TrainingOptions): Promise<TrainingResult> {
  const losses: number[] = [];
  let state: TrainingState | undefined;
  const evaluations: { step: number; loss: number }[] = [];
  for await (const { step, loss, validationLoss, isLast, snapshot } of trainStream(subject, options)) {
    losses.push(loss);
    if (validationLoss !== undefined) evaluations.push({ step, loss: validationLoss });
    if (isLast) state = await snapshot();
  }
  // A run resumed after its last step takes none.
  state ??= options.resume as TrainingState;
  return { parameters: samplingParameters(state), state, losses, evaluations };
}

/**
 * Trains step by step; ask for the next value to take the next step.
 *
 * @throws `invalid-argument` for options out of their range, `checkpoint-mismatch` for a state of another run,
 *   `non-finite-loss` when a loss, or a state to be saved, is not finite (the last checkpoint stays as it was),
 *   `aborted` after saving a checkpoint, and what {@link Trainable.checkBatch} and the backend throw.
 */
export async function* trainStream(
  subject: Diffusion | Trainable,
  given: TrainingOptions,
): AsyncGenerator<TrainingProgress> {
  const options = completeTrainingOptions(given);
  const trainable = asTrainable(subject, options.loss);
  const { steps, seed, signal, checkpoint } = options;
  const between = async (): Promise<void> => {
    await breathe();
    throwIfAborted(signal);
  };
  if (Object.keys(trainable.parameters).length === 0) {
    throw new DiffusionForcingError("invalid-config", "train: the model has no parameters; there is nothing to train.");
  }
  const stepper = openStepper(trainable, options, between);
  const root = createRandom(seed).split("training");
  const identity = { seed: recordedSeed(seed), subject: trainingSubject(trainable) };
  const first = stepper.stepsDone + 1;
  let saved = stepper.stepsDone;
  let best = options.resume?.best;
  let range = options.resume?.range;

  const snapshot = async (step: number): Promise<TrainingState> => {
    if (stepper.stepsDone !== step) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `snapshot: the state after step ${step} is gone, training is at step ${stepper.stepsDone}. Take it before asking for the next step.`,
      );
    }
    return {
      step,
      ...identity,
      ...(await stepper.read()),
      ...(best === undefined ? {} : { best }),
      // Known since the first batch.
      range: range as DataRange,
    };
  };
  const save = async (step: number): Promise<void> => {
    if (checkpoint === undefined || saved === step) return;
    const current = await snapshot(step);
    checkFiniteState(current);
    await checkpoint.save(current);
    saved = step;
  };
  const validate = async (step: number): Promise<Pick<TrainingMetrics, "validationLoss">> => {
    const { evaluate } = options;
    if (evaluate === undefined || (step % evaluate.every !== 0 && step !== steps)) return {};
    const validationLoss = await evaluated(trainable, evaluate, stepper, root.split("evaluation"));
    if (evaluate.patience !== undefined) best = await nextBest(best, validationLoss, stepper);
    return { validationLoss };
  };
  try {
    const patience = options.evaluate?.patience ?? Number.POSITIVE_INFINITY;
    for (let step = first; step <= steps && (best?.misses ?? 0) < patience; step++) {
      await between();
      const random = root.split(step);
      const batch = await unlessAborted(options.batches(step, random.split("batch")), signal);
      trainable.checkBatch(givenBatch(batch));
      const learningRate = options.step.optimizer.learningRate * learningRateFactor(options.learningRate, step, steps);
      range = batchRange(range, batch);
      const result = await stepper.step(batch, random, learningRate);
      checkLoss(result.loss, step, learningRate, options);
      const metrics: TrainingMetrics = { step, ...result, learningRate };
      const validation = await validate(step);
      const isLast = step === steps || (best?.misses ?? 0) >= patience;
      if (checkpoint && (step % checkpoint.every === 0 || isLast)) await save(step);
      await options.log?.({ ...metrics, ...validation });
      yield { ...metrics, ...validation, steps, isLast, snapshot: () => snapshot(step) };
    }
  } catch (error) {
    if (isDiffusionForcingError(error, "aborted")) await save(stepper.stepsDone);
    throw error;
  } finally {
    await stepper.dispose();
  }
}

/** In a function of its own, so that what the run starts from is not kept beside what it becomes. */
function openStepper(
  trainable: Trainable,
  options: CompleteTrainingOptions,
  between: () => Promise<void>,
): TrainingStepper {
  const { backend, step, accumulate } = options;
  return new TrainingStepper(trainable, startingState(trainable, options), { backend, step, accumulate, between });
}

function startingState(trainable: Trainable, options: CompleteTrainingOptions): TrainingState {
  const { resume, seed, parameters } = options;
  const keepEma = options.step.emaDecay !== undefined;
  if (resume === undefined) {
    return initialTrainingState(trainable, { seed, keepEma, ...(parameters ? { parameters } : {}) });
  }
  checkTrainingState(trainable, resume, { seed, keepEma });
  return resume;
}

function checkLoss(
  loss: number,
  step: number,
  learningRate: number,
  { step: { maxGradNorm } }: CompleteTrainingOptions,
) {
  if (Number.isFinite(loss)) return;
  const limit = maxGradNorm === undefined ? " or limit gradients by maxGradNorm" : "";
  throw new DiffusionForcingError(
    "non-finite-loss",
    `The loss became ${loss} at step ${step} (learning rate ${learningRate}). The last checkpoint is intact; go on from it with a lower learning rate${limit}, or look for outliers in the data and the loss mask.`,
  );
}
