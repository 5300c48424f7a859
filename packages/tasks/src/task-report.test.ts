import { expect, it } from "vitest";
import { formatEstimate } from "./task-report.js";

const estimate = { value: 0.97, low: 0.9149, high: 0.9897 };

it("writes a value and its interval", () => {
  expect(formatEstimate(estimate)).toBe("1.0 [0.9, 1.0]");
});

it("scales, rounds and adds the unit", () => {
  expect(formatEstimate(estimate, 100, 1, "%")).toBe("97.0 [91.5, 99.0] %");
  expect(formatEstimate({ value: -1, low: -2.005, high: 0 }, 1, 2)).toBe("-1.00 [-2.00, 0.00]");
});

it("says where there are too few trials for an interval, or none for a value", () => {
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  expect(formatEstimate({ value: 12, low, high }, 1, 1, "%")).toBe("12.0 [n/a] %");
  expect(formatEstimate({ value: Number.NaN, low: Number.NaN, high: Number.NaN }, 1, 1, "%")).toBe("n/a");
});
