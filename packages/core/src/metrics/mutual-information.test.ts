import { describe, expect, it } from "vitest";
import { normalizedMutualInformation } from "./mutual-information.js";

describe("normalizedMutualInformation", () => {
  it("is 1 for the same groups under other names, 0 for independent ones", () => {
    expect(normalizedMutualInformation([0, 0, 1, 1], [7, 7, 3, 3])).toBeCloseTo(1, 12);
    expect(normalizedMutualInformation([0, 0, 1, 1], [0, 1, 0, 1])).toBeCloseTo(0, 12);
  });

  it("counts groups that are split: log 2 over the mean of log 2 and log 4", () => {
    expect(normalizedMutualInformation([0, 0, 1, 1], [0, 1, 2, 3])).toBeCloseTo(2 / 3, 12);
  });

  it("is as computed by hand where groups overlap", () => {
    // Three of four agree: H(a) = log 2, H(b) = .562335, H(a, b) = 1.039721; 2 (.693147 + .562335 - 1.039721) / 1.255482.
    expect(normalizedMutualInformation([0, 0, 1, 1], [0, 0, 0, 1])).toBeCloseTo(0.343711, 6);
  });

  it("is 0 where one says nothing, and refuses labels of other items", () => {
    expect(normalizedMutualInformation([0, 0], [0, 1])).toBe(0);
    expect(normalizedMutualInformation([0, 1], [5, 5])).toBe(0);
    expect(normalizedMutualInformation([0, 0], [5, 5])).toBe(0);
    expect(() => normalizedMutualInformation([], [])).toThrow("0 labels and 0");
    expect(() => normalizedMutualInformation([0], [0, 1])).toThrow(/1 labels and 2/);
  });
});

it.each([
  [undefined, [1], "undefined labels and 1"],
  [[1, 2], null, "2 labels and undefined"],
])("refuses what are no labels: %j and %j", (a, b, message) => {
  const call = () => normalizedMutualInformation(a as never, b as never);
  expect(call).toThrow(`normalizedMutualInformation: ${message}; expected as many of both, at least one.`);
});
