import { expect, it } from "vitest";
import { decimalsOf, niceTicks } from "./ticks.js";

it("round numbers hold what is drawn between them", () => {
  expect(niceTicks(0.3, 9.2)).toEqual([0, 2.5, 5, 7.5, 10]);
  expect(niceTicks(-4, 17)).toEqual([-10, 0, 10, 20]);
  expect(niceTicks(5, 5)).toEqual([4, 6]);
});

it("decimals are those of the step, rounded or not", () => {
  expect([5, 0.5, 0.025, 0.85 - 0.8, 1.1 - 1.05, 0.00025, 1e-12].map(decimalsOf)).toEqual([0, 1, 3, 2, 2, 5, 8]);
});
