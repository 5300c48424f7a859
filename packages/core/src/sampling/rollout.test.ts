import { describe, expect, it } from "vitest";
import { add, mean, mul } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../process/loss.js";
import type { RolloutChunk, RolloutOptions } from "./rollout.js";
import { Sampler } from "./sampler.js";

/** Answers half of the mean of what it sees, plus its condition. */
function processOf(conditionFeatures: number): DiffusionProcess {
  return {
    model: {
      config: { kind: "averaging" },
      tokenShape: [1],
      conditionFeatures,
      parameters: {},
      apply: (_, { tokens, condition }) => {
        const seen = add(mul(tokens, 0.1), mul(mean(tokens, 1, true), 0.5));
        return condition === undefined ? seen : add(seen, condition);
      },
    },
    schedule: cosineSchedule(30),
    objective: "x0",
    lossWeighting: { kind: "uniform" },
    clipNoise: 20,
  };
}
const samplerOf = (conditionFeatures = 0) =>
  new Sampler(processOf(conditionFeatures), { backend: referenceBackend(), parameters: {}, steps: 4, eta: 1 });
const context = tensor([1, 2], [1, 2, 1]);
const options = (more: Partial<RolloutOptions> = {}): RolloutOptions => ({
  context,
  length: 7,
  window: 4,
  chunk: 2,
  random: createRandom(3),
  ...more,
});
async function chunks(sampler: Sampler, given: RolloutOptions): Promise<RolloutChunk[]> {
  const result: RolloutChunk[] = [];
  for await (const chunk of sampler.rolloutChunks(given)) result.push(chunk);
  return result;
}
const numbers = (list: readonly RolloutChunk[]): number[] => list.flatMap(({ tokens }) => Array.from(tokens.data));

describe("rolloutChunks", () => {
  it("goes on from any state as if it had never stopped, the state being plain data of constant size", async () => {
    const whole = await chunks(samplerOf(), options());
    expect(whole.map(({ tokens }) => tokens.shape[1])).toEqual([2, 2, 2, 1]);
    for (const { state } of whole.slice(0, 3)) {
      const { context: _, ...rest } = options();
      const resumed = await chunks(samplerOf(), { ...rest, resume: structuredClone(state) });
      expect(numbers(resumed)).toEqual(numbers(whole).slice(state.done));
    }
    expect(whole.at(-1)?.state).toMatchObject({ done: 7, position: 9, tokens: { shape: [1, 4, 1] } });
  });

  it("gives the model the conditions of the tokens in its window", async () => {
    const values = Array.from({ length: 9 }, (_, t) => 10 * t);
    const condition = tensor(values, [1, 9, 1]);
    const asked: [number, number][] = [];
    const byFunction = (first: number, count: number): HostTensor => {
      asked.push([first, count]);
      return tensor(values.slice(first, first + count), [1, count, 1]);
    };
    const whole = await chunks(samplerOf(1), options({ condition }));
    expect(numbers(await chunks(samplerOf(1), options({ condition: byFunction })))).toEqual(numbers(whole));
    expect(asked).toEqual([
      [0, 4],
      [2, 4],
      [4, 4],
      [5, 4],
    ]);
    // The condition outweighs the rest: tokens grow as it does.
    expect(numbers(whole).every((value, t) => value > 10 * (t + 2))).toBe(true);
  });

  it("counts evaluations, tells of every step, and starts from noise in batches", async () => {
    const steps: number[] = [];
    const { context: _, ...rest } = options({ length: 2, batch: 3, onStep: ({ step }) => void steps.push(step) });
    const [chunk] = await chunks(samplerOf(), rest);
    expect(chunk?.tokens.shape).toEqual([3, 2, 1]);
    expect(chunk?.evaluations).toBe(steps.length);
    expect(steps).toEqual([1, 2, 3, 4, 5]);
  });

  it.each<[string, Partial<RolloutOptions>, string]>([
    ["a context longer than the window", { context: tensor([1, 2, 3, 4, 5], [1, 5, 1]) }, "give its last 4 tokens"],
    ["a chunk larger than the window", { chunk: 5 }, "1 <= chunk <= window"],
    ["a condition the model does not take", { condition: tensor([1], [1, 1, 1]) }, "takes no condition"],
    ["context and resume", { resume: { done: 0, position: 0 } }, "give one"],
    ["no batch", { batch: 0 }, "batch is 0"],
    ["a negative length", { length: -1 }, "length is -1"],
  ])("refuses %s", async (_name, more, message) => {
    await expect(chunks(samplerOf(), options(more))).rejects.toThrow(message);
  });

  it("refuses conditions that do not reach to the end", async () => {
    const short = tensor(new Float32Array(8), [1, 8, 1]);
    await expect(chunks(samplerOf(1), options({ condition: short }))).rejects.toThrow("expected float32[1, 9, 1]");
    await expect(chunks(samplerOf(1), options())).rejects.toThrow("takes a condition");
  });
});
