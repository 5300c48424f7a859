import { createRandom, tensor } from "@diffusion-forcing/core";
import { add, concat, mul, slice } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { displacements, timesAsked, usualDisplacement } from "./consistency.js";
import { toldByRule } from "./testing/told-by-rule.js";

/** Ways of constant velocity: what a token is, its two neighbours say, whatever is left of itself. */
const sampler = toldByRule((tokens) => {
  const last = (tokens.shape[1] as number) - 1;
  const inner = mul(add(slice(tokens, 1, 0, last - 1), slice(tokens, 1, 2, last + 1)), 0.5);
  return concat([slice(tokens, 1, 0, 1), inner, slice(tokens, 1, last, last + 1)], 1);
});

it("is the error of each token as its clean neighbours tell it: 0 for what the data could hold", async () => {
  // The second goes aside in the middle: (.5^2 + 1 + .5^2) / 3. Were all tokens noised at once, both would move.
  const sequences = tensor([0.125, 0.25, 0.375, 0.5, 0.625, 0, 0, 1, 0, 0], [2, 5, 1]);
  const streams = [createRandom(1), createRandom(2)];
  const [held, strange] = await displacements(sampler, sequences, streams);
  expect(held).toBeCloseTo(0, 10);
  expect(strange).toBeCloseTo(0.5, 6);
});

it("is infinite for a sequence that diverged, whichever token did, and the same as ever for the others", async () => {
  const streams = [createRandom(1), createRandom(2), createRandom(3)];
  const sequences = tensor([0, 0, 1, 0, 0, 0, 0, Number.NaN, 0, 0, 0, 0, 0, 0, Number.POSITIVE_INFINITY], [3, 5, 1]);
  const [whole, ...diverged] = await displacements(sampler, sequences, streams);
  expect(whole).toBeCloseTo(0.5, 6);
  expect(diverged).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
});

it("asks about a single token once", async () => {
  const [found] = await displacements(sampler, tensor([0, 3, 0], [1, 3, 1]), [createRandom(1)]);
  expect(found).toBeCloseTo(9, 5);
  expect([timesAsked(3), timesAsked(4), timesAsked(9)]).toEqual([1, 2, 2]);
});

it("is the median of windows of the data", async () => {
  const parts = { normalizer: { mean: [0], std: [1] }, frameStack: 1, lengths: [5] };
  const ramp = Float32Array.from({ length: 200 }, (_, i) => i / 128);
  expect(await usualDisplacement(sampler, parts, [ramp])).toBeCloseTo(0, 10);
  const zigzag = Float32Array.from({ length: 200 }, (_, i) => i % 2);
  expect(await usualDisplacement(sampler, parts, [zigzag])).toBeCloseTo(1, 6);
});
