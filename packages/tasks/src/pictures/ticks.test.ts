import { expect, it } from "vitest";
import { niceTicks } from "./ticks.js";

it("round numbers hold what is drawn between them", () => {
  expect(niceTicks(0.3, 9.2)).toEqual([0, 2.5, 5, 7.5, 10]);
  expect(niceTicks(-4, 17)).toEqual([-10, 0, 10, 20]);
  expect(niceTicks(5, 5)).toEqual([4, 6]);
});
