import { expect, it } from "vitest";
import { markovPrior } from "./sequence-prior.js";

it("is the law of the first symbol, then that after the last", async () => {
  const { logProbs, order, categories } = markovPrior({
    initial: [0.25, 0.75],
    transition: [
      [0.5, 0.5],
      [1, 0],
    ],
  });
  expect([order, categories]).toEqual([1, 2]);
  expect((await logProbs([[]])).map((row) => Array.from(row, Math.exp))).toEqual([[0.25, 0.75]]);
  const rows = await logProbs([
    [1, 0],
    [0, 1],
  ]);
  expect(rows.map((row) => Array.from(row, Math.exp))).toEqual([
    [0.5, 0.5],
    [1, 0],
  ]);
});

it("refuses what is no chain", () => {
  const halves = [0.5, 0.5];
  expect(() => markovPrior({ initial: halves, transition: [halves] })).toThrow(
    "transition has 1 rows; expected 2 of 2",
  );
  expect(() => markovPrior({ initial: halves, transition: [halves, [1]] })).toThrow("2 rows, one of 1");
  expect(() => markovPrior({ initial: [0.5, 0.6], transition: [] })).toThrow("expected probabilities that add up to 1");
  expect(() => markovPrior({ initial: [1.5, -0.5], transition: [] })).toThrow("initial is");
  const holed = [1, 0];
  delete holed[1];
  for (const initial of [5, null, "1", [], ["1"], { length: 1 }, holed, [Number.NaN, 1], [1 + 2 ** -20]]) {
    expect(() => markovPrior({ initial, transition: [] } as never)).toThrow(/initial is .*; expected probabilities/);
  }
  expect(markovPrior({ initial: [1 - 2 ** -21], transition: [[1]] }).categories).toBe(1);
});
