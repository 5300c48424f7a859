import { expect, it } from "vitest";
import { places } from "./pick.js";

it("places follow strides in row-major order", () => {
  expect(places([2, 3], [3, 1])).toEqual([0, 1, 2, 3, 4, 5]);
  // The transpose of [2, 3], a repeated row, and every other element from the second on.
  expect(places([3, 2], [1, 3])).toEqual([0, 3, 1, 4, 2, 5]);
  expect(places([2, 3], [0, 1])).toEqual([0, 1, 2, 0, 1, 2]);
  expect(places([3], [2], 1)).toEqual([1, 3, 5]);
  expect(places([], [])).toEqual([0]);
});
