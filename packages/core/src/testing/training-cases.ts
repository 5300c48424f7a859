import { decodeTrainingState, encodeTrainingState } from "../bundle/training-checkpoint.js";
import type { Backend } from "../engine/backend/contract.js";
import type { Batch } from "../training/batch.js";
import { type TrainingResult, train } from "../training/train.js";
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

/** A run of 2 n steps at once, and one that was saved as a file after n, read back, and went on in what was made anew. */
export async function interruptedTraining(
  backend: Backend,
  { trainable, batch }: TrainingCase,
  n: number,
): Promise<{ readonly whole: TrainingResult; readonly half: TrainingResult; readonly resumed: TrainingResult }> {
  const options = { backend, batches: () => batch(), seed: 4, optimizer: { learningRate: 0.01 } };
  const whole = await train(trainable(), { ...options, steps: 2 * n });
  const half = await train(trainable(), { ...options, steps: n });
  const resume = decodeTrainingState(encodeTrainingState(half.state));
  return { whole, half, resumed: await train(trainable(), { ...options, steps: 2 * n, resume }) };
}
