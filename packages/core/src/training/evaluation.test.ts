import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import { checkEvaluation, type EvaluationOptions, evaluated, nextBest } from "./evaluation.js";
import type { TrainingStepper } from "./stepper.js";
import type { Trainable } from "./trainable.js";

/** A run after so many steps, whose one weight is their number. */
const after = (stepsDone: number, loss = 0) =>
  ({
    stepsDone,
    readSamplingParameters: async (): Promise<HostTensorRecord> => ({ w: tensor([stepsDone]) }),
    loss: async () => loss,
  }) as unknown as TrainingStepper;
const best = { step: 3, loss: 0.5, misses: 1, parameters: { w: tensor([3]) } };

describe("nextBest", () => {
  it("is the first evaluation, and then each lower one, with the weights of its step", async () => {
    expect(await nextBest(undefined, 7, after(2))).toEqual({
      step: 2,
      loss: 7,
      misses: 0,
      parameters: { w: tensor([2]) },
    });
    expect(await nextBest(best, 0.49, after(5))).toEqual({
      step: 5,
      loss: 0.49,
      misses: 0,
      parameters: { w: tensor([5]) },
    });
  });

  it.each([0.5, 0.51])("counts a loss of %d, which is no lower, as a miss", async (loss) => {
    expect(await nextBest(best, loss, after(5))).toEqual({ ...best, misses: 2 });
  });
});

describe("evaluated", () => {
  const trainable = { checkBatch: () => {} } as unknown as Trainable;

  it("is the loss of the batches, or what the function makes of the weights to sample with", async () => {
    const batches = [{ tokens: tensor([0], [1, 1, 1]) }];
    expect(await evaluated(trainable, { every: 1, batches }, after(4, 0.25), createRandom(0))).toBe(0.25);
    const run = (parameters: HostTensorRecord, step: number) => 10 * (parameters.w!.data[0] as number) + step;
    expect(await evaluated(trainable, { every: 1, run }, after(4), createRandom(0))).toBe(44);
  });

  it("checks the batches first, and that they are some", async () => {
    const checked: unknown[] = [];
    const noting = { checkBatch: (batch: unknown) => void checked.push(batch) } as unknown as Trainable;
    const batches = [{ tokens: tensor([0], [1, 1, 1]) }, { tokens: tensor([1], [1, 1, 1]) }];
    await evaluated(noting, { every: 1, batches }, after(4, 0.25), createRandom(0));
    expect(checked).toEqual(batches);
    const none = evaluated(noting, { every: 1, batches: [null as never] }, after(4), createRandom(0));
    await expect(none).rejects.toThrow("The batch is null; expected an object with tokens");
  });

  it("refuses what is no finite number", async () => {
    const run = () => Number.NaN;
    await expect(evaluated(trainable, { every: 1, run }, after(4), createRandom(0))).rejects.toThrow(
      "The validation loss after step 4 is NaN",
    );
  });
});

describe("checkEvaluation", () => {
  const batches = [{ tokens: tensor([0], [1, 1, 1]) }];
  const run = () => 1;

  it("accepts batches or a function, each with patience or without", () => {
    for (const options of [{ batches }, { run }, { batches, patience: 1 }, { run, patience: 3 }]) {
      expect(() => checkEvaluation({ every: 1, ...options })).not.toThrow();
    }
  });

  it.each<[object, string]>([
    [{}, "either batches, at least one, or run"],
    [{ batches, run }, "either batches, at least one, or run"],
    [{ batches: [] }, "either batches, at least one, or run"],
    [{ batches: 1 }, "train: evaluate: batches is 1; expected an array of batches."],
    [{ batches: {} }, "train: evaluate: batches is an object; expected an array of batches."],
    [{ run: 1 }, "train: evaluate: run is 1; expected a function."],
    [{ run, every: 0 }, "train: evaluate: every is 0; expected a whole number from 1."],
    [{ run, patience: 0 }, "train: evaluate: patience is 0; expected a whole number from 1."],
    [{ run, metric: 1 }, "train: evaluate: there is no option metric."],
  ])("refuses %j", (options, message) => {
    expect(() => checkEvaluation({ every: 1, ...options } as EvaluationOptions)).toThrow(message);
  });
});
