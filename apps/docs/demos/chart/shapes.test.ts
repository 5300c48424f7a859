import { expect, it } from "vitest";
import { areaPath, digitsOf, linePath, scaleOf } from "./shapes.js";

const x = scaleOf([0, 10], [0, 100]);
const y = scaleOf([0, 2], [50, 0]);

it("a line breaks where a number is missing, and a single one is a dash", () => {
  const points = [0, 1, Number.NaN, 1, Number.NaN, 2, 0].map((value, i) => [i, value] as const);
  expect(linePath(points, x, y)).toBe("M0.0 50.0L10.0 25.0M28.0 25.0h4M50.0 0.0L60.0 50.0");
});

it("an area goes there along the lower line and back along the upper one", () => {
  const area = { look: "", low: [[0, 0] as const, [1, 0] as const], high: [[0, 1] as const, [1, 2] as const] };
  expect(areaPath(area, x, y)).toBe("M0.0 50.0L10.0 50.0L10.0 0.0L0.0 25.0Z");
});

it("a logarithmic scale keeps within its ends", () => {
  const log = scaleOf([0.01, 1], [100, 0], true);
  expect([0.001, 0.01, 0.1, 1, 5].map((value) => Math.round(log(value)))).toEqual([100, 100, 50, 0, 0]);
});

it("labels have as many digits as tell them apart", () => {
  expect([20, 1, 2.5, 0.5, 0.025, 0.0002].map(digitsOf)).toEqual([0, 0, 1, 1, 3, 4]);
});
