import { expect, it } from "vitest";
import { Progress } from "./progress.js";

it("counts the moves of each group by itself, and keeps the values that a lagging one may still read", () => {
  // Two tokens of two numbers, each a group of its own, of one sample.
  const progress = new Progress([Float32Array.of(1, 2, 3, 4)], [[0], [1]], 2);
  expect([progress.done(0, 0), progress.base(0)]).toEqual([0, 0]);
  progress.copy(0, 0, 1, Float32Array.of(10, 20, 30, 40));
  progress.advance(0, 0);
  progress.copy(0, 0, 2, Float32Array.of(11, 21, 31, 41));
  progress.advance(0, 0);
  expect([progress.done(0, 0), progress.done(0, 1), progress.base(0)]).toEqual([2, 0, 0]);
  // The second token has not moved: its numbers are those of the start.
  expect([1, 2].map((moves) => [...progress.values(0, moves)])).toEqual([
    [10, 20, 3, 4],
    [11, 21, 3, 4],
  ]);
  expect([...progress.values(0, 0)]).toEqual([1, 2, 3, 4]);
  progress.copy(0, 1, 1, Float32Array.of(0, 0, 33, 44));
  progress.advance(0, 1);
  expect(progress.base(0)).toBe(1);
  expect([...progress.values(0, 1)]).toEqual([10, 20, 33, 44]);
  // What all have passed is forgotten, and cannot be made from what came before.
  expect(() => progress.values(0, 0)).toThrow(RangeError);
});
