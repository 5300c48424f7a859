import { createRandom, tensor } from "@diffusion-forcing/core";
import { mul } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { oneStepErrors } from "./one-step.js";
import { toldByRule } from "./testing/told-by-rule.js";

// A model that takes every token for noise alone, about 0: what it is asked about moves there, clean tokens stay.
const sampler = toldByRule((tokens) => mul(tokens, 0));

it("is the squared error of tokens that are asked about, and nothing of those that are told", async () => {
  const errors = await oneStepErrors(sampler, {
    name: "a test",
    sequences: tensor([1, 2, 3, 4, 5, 6], [2, 3, 1]),
    row: Int32Array.of(0, 10, 20),
    noiseOf: (sequence, token) => createRandom(sequence).split(token),
    seed: 0,
  });
  expect(Array.from(errors)).toEqual([0, 4, 9, 0, 25, 36]);
});

it("noises each token to its level, by its own stream, and none that has no stream", async () => {
  const { path } = sampler.diffusion.process;
  // The model hands back what it reads.
  const reading = toldByRule((tokens) => tokens);
  const errors = await oneStepErrors(reading, {
    name: "a test",
    sequences: tensor([1, 1, 1, 1], [2, 2, 1]),
    row: Int32Array.of(20, 10),
    noiseOf: (sequence, token) => (sequence === 0 ? createRandom(7).split(token) : undefined),
    seed: 0,
  });
  for (const [t, index] of [20, 10].entries()) {
    const level = reading.levels[index] as number;
    const noisy = (path?.signal[level] as number) + (path?.noise[level] as number) * createRandom(7).split(t).normal();
    expect(errors[t]).toBeCloseTo((noisy - 1) ** 2, 5);
  }
  expect(Array.from(errors.subarray(2))).toEqual([0, 0]);
});
