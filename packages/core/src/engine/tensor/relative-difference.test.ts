import { expect, it } from "vitest";
import { relativeDifference } from "./relative-difference.js";

const { NaN: none, POSITIVE_INFINITY: infinite } = Number;

it.each([
  [[1, 2, -4], [1, 2, -4], 0],
  [[1, 2.5, -4], [1, 2, -4], 0.125],
  [[0, 0], [0, 0], 0],
  [[-0], [0], 0],
  [[1e-9], [0], infinite],
  [[1, 2], [1, 2, 3], infinite],
  [[], [1], infinite],
  [[], [], 0],
  [[none, 1], [none, 1], 0],
  [[none, 1], [0, 1], infinite],
  [[0, 1], [none, 1], infinite],
  [[infinite, 3], [infinite, 4], 0.25],
  [[-infinite], [infinite], infinite],
  [[infinite], [4], infinite],
  [[4], [infinite], infinite],
])("%j against %j is %d", (actual, expected, difference) => {
  expect(relativeDifference(actual, expected)).toBe(difference);
});
