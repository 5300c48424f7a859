import {
  createRandom,
  type Diffusion,
  ddim,
  type HostTensor,
  linearSchedule,
  referenceBackend,
  tensor,
  variancePreserving,
} from "@diffusion-forcing/core";
import { constant, gather, mul, reshape, tanh } from "@diffusion-forcing/core/graph";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { expect, it } from "vitest";
import { displacements, usualDisplacements } from "./consistency.js";

const process = variancePreserving(linearSchedule(100), { objective: "x0" });

/** Every number of the data is -1 or 1: the exact denoiser is tanh(signal x / noise^2). */
const coins: Diffusion = {
  model: {
    config: { kind: "coins" },
    tokenShape: [2],
    conditionFeatures: 0,
    parameters: {},
    apply: (_, { tokens, noiseLevels }) => {
      const { signal, noise } = process.path as NonNullable<typeof process.path>;
      const table = Float32Array.from(signal, (value, level) => value / Math.max((noise[level] as number) ** 2, 1e-3));
      const [batch, length] = noiseLevels.shape as [number, number];
      const scales = reshape(gather(constant(tensor(table)), noiseLevels), [batch, length, 1]);
      return tanh(mul(scales, tokens));
    },
  },
  process,
  lossWeighting: { kind: "uniform" },
};

const sampler = new Sampler(coins, {
  backend: referenceBackend(),
  parameters: {},
  timesteps: 20,
  solver: ddim(),
  stabilizationLevel: 1,
});

/** [2, 5, 2]: a sequence of the data, and one that the data cannot hold, in its third token. */
const sequences = (): HostTensor =>
  tensor([1, 1, -1, 1, 1, 1, -1, -1, 1, -1, 1, 1, -1, 1, 0, 0.1, -1, -1, 1, -1], [2, 5, 2]);

it("moves what the data could not hold, and hardly what they could", async () => {
  const streams = [createRandom(1), createRandom(2)];
  const found = await displacements(sampler, sequences(), streams);
  expect(found.length).toBe(2);
  for (const [held, strange] of found as [number, number][]) {
    expect(held).toBeLessThan(0.01);
    // Two of its six free numbers go to -1 or 1.
    expect(strange).toBeGreaterThan(0.05);
  }
  expect(await displacements(sampler, sequences(), streams)).toEqual(found);
});

it("is the median of windows of the data, whatever their number", async () => {
  const random = createRandom(4);
  const trajectory = Float32Array.from({ length: 200 }, () => (random.uniform() < 0.5 ? -1 : 1));
  const parts = { normalizer: { mean: [0, 0], std: [1, 1] }, frameStack: 1, lengths: [5] };
  const usual = await usualDisplacements(sampler, parts, [trajectory]);
  expect(usual.length).toBe(2);
  for (const value of usual) expect(value).toBeLessThan(0.01);
  const strange = await usualDisplacements(sampler, parts, [trajectory.map((value) => value / 10)]);
  expect(strange[0]).toBeGreaterThan(0.05);
});
