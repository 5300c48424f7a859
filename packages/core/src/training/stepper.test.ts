import { describe, expect, it } from "vitest";
import type { Backend } from "../engine/backend/contract.js";
import { constant, mul, sum } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { sizeOf } from "../engine/tensor/shape.js";
import { tensor } from "../engine/tensor/tensor.js";
import { completeAdamW } from "./optimizer.js";
import { initialTrainingState } from "./state.js";
import { TrainingStepper } from "./stepper.js";
import type { Trainable } from "./trainable.js";

/** w times the mean of the tokens, whose slope is that mean. */
const scaled: Trainable = {
  config: { kind: "scaled" },
  tokenShape: [1],
  parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
  checkBatch: () => {},
  inputs: ({ tokens }) => ({ tokens }),
  loss: ({ w }, { tokens }) => {
    const count = sizeOf(tokens!.shape);
    const total = mul(sum(tokens!), sum(w!));
    return { total, denominator: constant(count), loss: mul(total, 1 / count) };
  },
};
const batch = (...values: number[]) => ({ tokens: tensor(values, [values.length, 1, 1]) });

/** A stepper, and how often it has waited between two runs. */
function opened(accumulate: number, emaDecay?: number, backend: Backend = referenceBackend()) {
  let waits = 0;
  const between = async () => void waits++;
  const step = { optimizer: completeAdamW({ weightDecay: 0 }), maxGradNorm: undefined, emaDecay };
  const start = initialTrainingState(scaled, { seed: 1, keepEma: emaDecay !== undefined });
  const stepper = new TrainingStepper(scaled, start, { backend, step, accumulate, between });
  return { stepper, waits: () => waits };
}

describe("TrainingStepper", () => {
  it.each([1, 2, 4])("steps by the mean over a batch in %d parts, and waits between them", async (accumulate) => {
    const { stepper, waits } = opened(accumulate);
    expect(await stepper.step(batch(1, 2, 3, 6), createRandom(1), 0.25)).toEqual({ loss: 3 });
    expect([stepper.stepsDone, waits()]).toEqual([1, accumulate - 1]);
    const { parameters, first, second } = await stepper.read();
    expect([parameters.w!.data[0], first.w!.data[0], second.w!.data[0]]).toEqual([0.75, 3, 9]);
    // Sums start anew: the loss is .75 x 1.
    expect((await stepper.step(batch(1, 1, 1, 1), createRandom(1), 0)).loss).toBe(0.75);
    await stepper.dispose();
  });

  it("refuses a batch that does not fall into equal parts, and does not count the step", async () => {
    const { stepper } = opened(2);
    await expect(stepper.step(batch(1, 2, 3), createRandom(1), 1)).rejects.toThrow(
      "accumulate is 2; the batch has 3 sequences, which do not fall into 2 equal parts",
    );
    expect(stepper.stepsDone).toBe(0);
  });

  it("validates by the loss over all elements of all batches, of the average where one is kept", async () => {
    const { stepper, waits } = opened(1, 0.5);
    await stepper.step(batch(1), createRandom(1), 0.5);
    // w is .5, its average half way; (10 + 20 + 60) / 3 of it. In the first step a decay of 2 / 11 counts.
    const average = 1 - 0.5 * (9 / 11);
    expect(await stepper.loss([batch(10, 20), batch(60)], createRandom(1))).toBeCloseTo(30 * average, 4);
    expect(waits()).toBe(2);
    expect((await stepper.readSamplingParameters()).w!.data[0]).toBeCloseTo(average, 6);
    const plain = opened(1);
    await plain.stepper.step(batch(1), createRandom(1), 0.5);
    expect(await plain.stepper.loss([batch(10, 20), batch(60)], createRandom(1))).toBeCloseTo(15, 4);
    expect((await plain.stepper.readSamplingParameters()).w!.data[0]).toBeCloseTo(0.5, 6);
  });

  it("compiles each graph once for each shape of batch, and frees them all", async () => {
    const inner = referenceBackend();
    const [compiled, disposed] = [[] as string[], [] as string[]];
    const backend: Backend = {
      ...inner,
      compile: async (graph, options) => {
        const name = graph.inputs.map(({ attributes }) => attributes.name).join();
        compiled.push(name);
        const executable = await inner.compile(graph, options);
        return { run: executable.run, dispose: () => void disposed.push(name) };
      },
    };
    const { stepper } = opened(2, undefined, backend);
    for (const values of [
      [1, 2],
      [1, 2, 3, 4],
      [5, 6],
    ])
      await stepper.step(batch(...values), createRandom(1), 0.1);
    await stepper.loss([batch(1), batch(2), batch(1, 2)], createRandom(1));
    // Parts of one and of two sequences, one update, and validation of one and of two.
    expect(compiled).toHaveLength(5);
    await stepper.dispose();
    expect(disposed.sort()).toEqual(compiled.sort());
  });

  it("ends with the error of a backend that cannot compile", async () => {
    const backend: Backend = { ...referenceBackend(), compile: () => Promise.reject(new Error("no such op")) };
    const { stepper } = opened(1, undefined, backend);
    await expect(stepper.step(batch(1), createRandom(1), 0.1)).rejects.toThrow("no such op");
    await expect(stepper.dispose()).resolves.toBeUndefined();
  });

  it("reports the gradient's norm where it is limited", async () => {
    const start = initialTrainingState(scaled, { seed: 1, keepEma: false });
    const step = { optimizer: completeAdamW({ weightDecay: 0 }), maxGradNorm: 1, emaDecay: undefined };
    const between = async () => {};
    const stepper = new TrainingStepper(scaled, start, { backend: referenceBackend(), step, accumulate: 1, between });
    expect(await stepper.step(batch(3, 5), createRandom(1), 0.1)).toEqual({ loss: 4, gradientNorm: 4 });
  });
});
