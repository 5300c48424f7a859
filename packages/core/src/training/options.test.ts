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

  it("takes every option there is, and hands on what it was given", () => {
    const seed = createRandom(3);
    const group = () => ({});
    const optimizer = { learningRate: 0, betas: [0, 0], epsilon: 1e-6, weightDecay: 0, group } as const;
    const given: TrainingOptions = {
      ...plain,
      seed,
      parameters: {},
      optimizer,
      learningRate: { kind: "cosine", warmupSteps: 0 },
      loss: { denominator: () => 1 },
      maxGradNorm: 0.5,
      emaDecay: 0,
      accumulate: 2,
      rematerialize: true,
      log: () => {},
      evaluate: { every: 1, run: () => 1, patience: 1 },
      checkpoint: { every: 1, save: () => {} },
      signal: new AbortController().signal,
    };
    expect(completeTrainingOptions(given)).toEqual({
      ...given,
      step: { optimizer, maxGradNorm: 0.5, emaDecay: 0, rematerialize: true },
    });
    expect(completeTrainingOptions({ ...plain, seed: 5, maxGradNorm: false, emaDecay: false })).toMatchObject({
      seed: 5,
      learningRate: { kind: "constant" },
      step: { maxGradNorm: undefined, emaDecay: undefined, rematerialize: false },
    });
    expect(completeTrainingOptions({ ...plain, learningRate: () => 1 }).learningRate).toBeTypeOf("function");
  });

  it.each<[Record<string, unknown>, string]>([
    [{ backend: {} }, "train: backend is an object; expected a backend."],
    [{ backend: null }, "train: backend is null; expected a backend."],
    [{ batches: [] }, "train: batches is []; expected a function."],
    [{ steps: 0 }, "train: steps is 0; expected a whole number from 1."],
    [{ seed: {} }, "train: seed is an object; expected a whole number from 0 or a RandomStream."],
    [{ parameters: 1 }, "train: parameters is 1; expected a record of tensors."],
    [{ optimizer: 1 }, "train: optimizer is 1; expected an object."],
    [{ loss: { denominator: 1 } }, "train: loss.denominator is 1; expected a function."],
    [{ loss: { weight: 1 } }, "train: there is no option loss.weight."],
    [{ maxGradNorm: 0 }, "train: maxGradNorm is 0; expected a positive number or false."],
    [{ maxGradNorm: true }, "train: maxGradNorm is true; expected a positive number or false."],
    [{ emaDecay: -0.1 }, "train: emaDecay is -0.1; expected a number from 0 to below 1, or false."],
    [{ emaDecay: "0.5" }, 'train: emaDecay is "0.5"; expected a number from 0 to below 1, or false.'],
    [{ emaDecay: 1 }, "train: emaDecay is 1; expected a number from 0 to below 1, or false."],
    [{ emaDecay: true }, "train: emaDecay is true; expected a number from 0 to below 1, or false."],
    [{ rematerialize: 1 }, "train: rematerialize is 1; expected boolean."],
    [{ log: 1 }, "train: log is 1; expected a function."],
    [{ evaluate: 1 }, "train: evaluate is 1; expected an object."],
    [{ resume: { step: 1 } }, "train: resume is an object with step; expected a TrainingState."],
    [{ resume: { parameters: {} } }, "train: resume is an object with parameters; expected a TrainingState."],
    [
      { resume: { step: 1, parameters: {} }, parameters: {} },
      "train: both resume and parameters are given. A state brings its weights; give one of them.",
    ],
    [{ checkpoint: { every: 1 } }, "train: checkpoint.save is missing."],
    [{ checkpoint: { every: 0, save: () => {} } }, "train: checkpoint.every is 0; expected a whole number from 1."],
    [{ checkpoint: { every: 1, save: 1 } }, "train: checkpoint.save is 1; expected a function."],
    [{ signal: {} }, "train: signal is an object; expected an AbortSignal."],
    [{ learningRate: { kind: "linear" } }, 'train: learningRate: kind is "linear"'],
    [{ optimizer: { betas: [0.9] } }, "train: optimizer: betas.1 is undefined; expected a number from 0 to below 1."],
    [{ optimizer: { betas: [-0.1, 0.9] } }, "train: optimizer: betas.0 is -0.1"],
    [{ optimizer: { epsilon: 0 } }, "train: optimizer: epsilon is 0; expected a positive number."],
    [{ optimizer: { group: {} } }, "train: optimizer: group is an object; expected a function."],
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
