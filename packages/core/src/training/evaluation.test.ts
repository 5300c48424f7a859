import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import { evaluated, nextBest } from "./evaluation.js";
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

  it("refuses what is no finite number", async () => {
    const run = () => Number.NaN;
    await expect(evaluated(trainable, { every: 1, run }, after(4), createRandom(0))).rejects.toThrow(
      "The validation loss after step 4 is NaN",
    );
  });
});
