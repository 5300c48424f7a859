import { createRandom, tensor } from "@diffusion-forcing/core";
import { add, concat, mul, slice } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { costOfSurprise, surprises } from "./surprise.js";
import { toldByRule } from "./testing/told-by-rule.js";

/** Forecasts that the third to fifth token of a piece go on as the first two went; asks nothing of what comes later. */
const sampler = toldByRule((tokens) => {
  const first = slice(tokens, 1, 0, 1);
  const step = add(slice(tokens, 1, 1, 2), mul(first, -1));
  const onwards = [2, 3, 4].map((times) => add(first, mul(step, times)));
  return concat([slice(tokens, 1, 0, 2), ...onwards, slice(tokens, 1, 5, 7)], 1);
});

it("is the error of forecasts of pieces, told by what is before them and not by the goal", async () => {
  const sequences = tensor(
    [
      // At constant speed for two pieces: nothing surprises.
      [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875],
      // The fifth jumps by .5, which the first piece does not forecast; the second begins with that jump, as it would go on
      // by it: to 1.375, 2 and 2.625, where 1.125, 1.25 and 1.375 follow.
      [0, 0.125, 0.25, 0.375, 1, 1.125, 1.25, 1.375],
    ].flat(),
    [2, 8, 1],
  );
  const [even, jump] = await surprises(sampler, sequences, [createRandom(1), createRandom(2)]);
  expect(even).toBeCloseTo(0, 10);
  expect(jump).toBeCloseTo((0.5 ** 2 + 0.5 ** 2 + 1 + 1.5 ** 2) / 6, 5);
});

it("lets a sequence rest after its end", async () => {
  // Going on it would come to 1.25 and 1.375; it rests at 1.125.
  const sequence = tensor([0.875, 1, 1.125], [1, 3, 1]);
  const [found] = await surprises(sampler, sequence, [createRandom(1)]);
  expect(found).toBeCloseTo((0.125 ** 2 + 0.25 ** 2) / 3, 6);
});

it("costs a piece's share of the sequence: a third of its tokens begin one, of seven", () => {
  expect([costOfSurprise(3), costOfSurprise(5), costOfSurprise(8)]).toEqual([7 / 3, 7 / 5, 14 / 8]);
});

it("does not depend on the other sequences", async () => {
  const bent = Float32Array.from({ length: 12 }, (_, t) => (t / 8) ** 2);
  const one = await surprises(sampler, tensor(bent, [1, 12, 1]), [createRandom(3)]);
  const two = await surprises(sampler, tensor([...bent, ...bent.map((x) => -x)], [2, 12, 1]), [
    createRandom(3),
    createRandom(4),
  ]);
  expect(two[0]).toBeCloseTo(one[0] as number, 6);
});
