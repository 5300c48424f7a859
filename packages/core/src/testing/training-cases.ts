import { decodeTrainingState, encodeTrainingState } from "../bundle/training-checkpoint.js";
import { cachedBackend } from "../engine/backend/compile-cache.js";
import type { Backend } from "../engine/backend/contract.js";
import type { Batch } from "../training/batch.js";
import { samplingParameters } from "../training/state.js";
import { type TrainingResult, train, trainStream } from "../training/train.js";
import type { Trainable } from "../training/trainable.js";
import { trainableDiffusion } from "../training/trainable-diffusion.js";
import { lossCases } from "./loss-cases.js";
import { modelBatch, modelCases, modelDiffusion } from "./model-cases.js";

/** Something that is trained, small, and a batch for it. */
export interface TrainingCase {
  readonly name: string;
  readonly trainable: () => Trainable;
  readonly batch: () => Batch;
}

/** Everything that is trained: what has a loss of its own, and a diffusion of every model and every process. */
export const trainingCases: readonly TrainingCase[] = [
  ...lossCases,
  ...modelCases.map((modelCase) => ({
    name: modelCase.name,
    trainable: () => trainableDiffusion(modelDiffusion(modelCase)),
    batch: () => modelBatch(modelCase, modelCase.model()),
  })),
];

/** What {@link interruptedTraining} ends with. */
export interface InterruptedTraining {
  readonly whole: Omit<TrainingResult, "evaluations">;
  /** The same run half way, without weights to sample with. */
  readonly half: Pick<TrainingResult, "state" | "losses">;
  readonly resumed: TrainingResult;
}

/**
 * A run of 2 n steps, and one that begins with its state after n, which was saved as a file and read back, in what was
 * made anew. The first run waits meanwhile, so that the step is compiled once for both.
 */
export async function interruptedTraining(
  backend: Backend,
  { trainable, batch }: TrainingCase,
  n: number,
): Promise<InterruptedTraining> {
  const shared = cachedBackend(backend);
  const options = { backend: shared, batches: () => batch(), seed: 4, steps: 2 * n, optimizer: { learningRate: 0.01 } };
  const losses: number[] = [];
  const found: Partial<{ -readonly [name in keyof InterruptedTraining]: InterruptedTraining[name] }> = {};
  for await (const { step, loss, snapshot } of trainStream(trainable(), options)) {
    losses.push(loss);
    if (step === n) {
      found.half = { state: await snapshot(), losses: [...losses] };
      const resume = decodeTrainingState(encodeTrainingState(found.half.state));
      found.resumed = await train(trainable(), { ...options, resume });
    }
    if (step === 2 * n) {
      const state = await snapshot();
      found.whole = { state, parameters: samplingParameters(state), losses };
    }
  }
  return found as InterruptedTraining;
}
