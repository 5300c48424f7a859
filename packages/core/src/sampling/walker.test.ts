import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import type { Backend } from "../engine/backend/contract.js";
import { mul, slice } from "../engine/graph/operations.js";
import { referenceBackend } from "../engine/reference/index.js";
import { zeros } from "../engine/tensor/tensor.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { Sampler } from "./sampler.js";

/** 36 MB of weights, of which one number is read. */
const large = 9_000_000;
const diffusionOf = (weights: number): Diffusion => ({
  model: {
    config: { kind: "large" },
    tokenShape: [1],
    conditionFeatures: 0,
    parameters: { w: { shape: [weights], initializer: { kind: "zeros" } } },
    apply: ({ w }, { tokens }) => mul(tokens, slice(w!, 0, 0, 1)),
  },
  process: variancePreserving(cosineSchedule(100), { objective: "x0" }),
  lossWeighting: { kind: "uniform" },
});

/** Computes nothing, and says what is alive, by the length of its sequences, what was compiled, and which for a few runs. */
function standIn(weights = large, { timesteps = 3, deviceTensors = false } = {}) {
  const alive: number[] = [];
  const compiled: number[] = [];
  const brief: number[] = [];
  let most = 0;
  const compile: Backend["compile"] = async (graph, options) => {
    const { shape } = graph.outputs.x!;
    const length = shape[1] as number;
    await new Promise((resolve) => setTimeout(resolve, 1));
    compiled.push(length);
    if (options?.brief) brief.push(length);
    alive.push(length);
    most = Math.max(most, alive.length);
    return {
      run: async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return { x: zeros("float32", shape) };
      },
      dispose: () => void alive.splice(alive.indexOf(length), 1),
    };
  };
  const sampler = new Sampler(diffusionOf(weights), {
    backend: { ...referenceBackend(), capabilities: { deviceTensors }, compile },
    parameters: { w: zeros("float32", [weights]) },
    timesteps,
  });
  const walk = (length: number) => sampler.sample({ length, seed: 0 });
  return { sampler, walk, alive, compiled, brief, most: () => most };
}

describe("executables of a model with many weights, each of which holds a copy of them", () => {
  it("are one at a time through 200 lengths, freed before the next is compiled", async () => {
    const { sampler, walk, compiled, most } = standIn();
    for (let length = 1; length <= 200; length++) await walk(length);
    expect(compiled).toHaveLength(200);
    expect(most()).toBe(1);
    await sampler.dispose();
  });

  it("are not compiled anew for the next walk of the same shape, nor for one that was cut", async () => {
    const { sampler, walk, compiled } = standIn();
    for (let i = 0; i < 3; i++) await walk(5);
    for await (const _ of sampler.sampleStream({ length: 5, seed: 1 })) break;
    await walk(5);
    expect(compiled).toEqual([5]);
    await sampler.dispose();
  });

  it("are as many as walks at the same time need, and one again after them", async () => {
    const { sampler, walk, alive, compiled } = standIn();
    await Promise.all([walk(1), walk(2), walk(3)]);
    expect([...compiled].sort()).toEqual([1, 2, 3]);
    await walk(4);
    expect(alive).toEqual([4]);
    await sampler.dispose();
    expect(alive).toEqual([]);
  });

  it("are for a few runs where a walk takes fewer than 64 steps of a shape that was not made ready", async () => {
    const { sampler, walk, brief, compiled } = standIn(large, { timesteps: 63 });
    await walk(1);
    await sampler.warmup(1, 2);
    await walk(2);
    expect([compiled, brief]).toEqual([[1, 2], [1]]);
    await sampler.dispose();
    const long = standIn(large, { timesteps: 64 });
    await long.walk(1);
    expect([long.compiled, long.brief]).toEqual([[1], []]);
  });

  it("are for a few runs of a rollout's growing window only", async () => {
    const { sampler, brief, compiled } = standIn(large, { timesteps: 50 });
    for await (const _ of sampler.rollout({ length: 6, window: 3, memory: "recompute", seed: 0 }));
    expect([compiled, brief]).toEqual([
      [1, 2, 3],
      [1, 2],
    ]);
    await sampler.dispose();
    const long = standIn(large, { timesteps: 64 });
    for await (const _ of long.sampler.rollout({ length: 2, window: 3, memory: "recompute", seed: 0 }));
    expect([long.compiled, long.brief]).toEqual([[1, 2], []]);
  });

  it("are for many runs where devices keep weights beside them, or the weights are few", async () => {
    for (const { sampler, walk, brief } of [standIn(large, { deviceTensors: true }), standIn(2 ** 23)]) {
      await walk(1);
      expect(brief).toEqual([]);
      await sampler.dispose();
    }
  });

  it("stay where they were made ready ahead", async () => {
    const { sampler, walk, compiled } = standIn();
    await sampler.warmup(1, 2);
    await sampler.warmup(1, 3);
    await walk(2);
    await walk(3);
    expect(compiled).toEqual([2, 3]);
    await sampler.dispose();
  });
});

it.each([
  [2 ** 23, [1, 2]],
  [2 ** 23 + 1, [2]],
])("executables of %d weights of four bytes are kept for another walk up to 32 MiB of them", async (weights, kept) => {
  const { sampler, walk, alive } = standIn(weights);
  await walk(1);
  await walk(2);
  expect(alive).toEqual(kept);
  await sampler.dispose();
});
