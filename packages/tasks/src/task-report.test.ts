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
