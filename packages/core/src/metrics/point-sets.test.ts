import { expect, it } from "vitest";
import { checkPointSets, type PointSet } from "./point-sets.js";

const set = (...shape: readonly number[]): PointSet => ({
  shape,
  data: new Float64Array(shape.reduce((size, count) => size * count, 1)),
});

it("takes two sets of points of one width", () => {
  expect(checkPointSets("distance", set(3, 2), set(5, 2), 3)).toBe(2);
});

it.each([
  ["a first set that is no matrix", set(3, 2, 1), set(3, 2), "got [3, 2, 1] and [3, 2]"],
  ["a second set that is no matrix", set(3, 2), set(3, 2, 1), "got [3, 2] and [3, 2, 1]"],
  ["another width", set(3, 2), set(3, 1), "got [3, 2] and [3, 1]"],
  ["too few points in the first", set(2, 2), set(3, 2), "with at least 3 points each"],
  ["too few points in the second", set(3, 2), set(2, 2), "with at least 3 points each"],
])("refuses %s", (_what, a, b, message) => {
  expect(() => checkPointSets("distance", a, b, 3)).toThrow(message);
});
