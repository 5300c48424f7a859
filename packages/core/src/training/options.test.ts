import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { completeTrainingOptions, type TrainingOptions } from "./options.js";

const plain = { backend: referenceBackend(), batches: () => ({ tokens: [] as never }), steps: 3 };

describe("completeTrainingOptions", () => {
  it("needs no more than a backend, batches and steps", () => {
    const { step, accumulate, seed } = completeTrainingOptions(plain);
    expect({ accumulate, seed, ...step.optimizer }).toMatchObject({ accumulate: 1, seed: 0, learningRate: 1e-3 });
    expect([step.maxGradNorm, step.emaDecay]).toEqual([1, 0.999]);
    expect(completeTrainingOptions({ ...plain, seed: createRandom(3) }).seed).toBeDefined();
  });

  it.each<[Record<string, unknown>, string]>([
    [{ steps: Number.NaN }, "train: steps is NaN; expected a whole number from 1."],
    [{ maxGradNorm: -1 }, "train: maxGradNorm is -1; expected a positive number or false."],
    [{ emaDecay: 1.5 }, "train: emaDecay is 1.5; expected a number from 0 to below 1, or false."],
    [{ emaDecay: Number.NaN }, "train: emaDecay is NaN; expected a number from 0 to below 1, or false."],
    [{ clipNorm: 1 }, "train: there is no option clipNorm."],
    [{ optimizer: { lr: 1 } }, "train: optimizer: there is no option lr."],
    [{ optimizer: { learningRate: -1 } }, "train: optimizer: learningRate is -1; expected a number from 0."],
    [{ optimizer: { betas: [0.9, 1] } }, "train: optimizer: betas.1 is 1; expected a number from 0 to below 1."],
    [{ optimizer: { weightDecay: -1 } }, "train: optimizer: weightDecay is -1"],
    [{ accumulate: 0 }, "train: accumulate is 0; expected a whole number from 1."],
    [{ seed: -1 }, "train: seed is -1; expected a whole number from 0 or a RandomStream."],
    [{ resume: {} }, "train: resume is an object; expected a TrainingState."],
    [{ evaluate: { every: 2 } }, "train: evaluate takes either batches, at least one, or run."],
    [{ evaluate: { every: 0, run: () => 1 } }, "train: evaluate: every is 0"],
    [{ checkpoint: { every: 1.5, save: () => {} } }, "train: checkpoint.every is 1.5"],
  ])("refuses %o", (option, message) => {
    const options = { ...plain, ...option } as TrainingOptions;
    expect(() => completeTrainingOptions(options)).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(message) }),
    );
  });
});
