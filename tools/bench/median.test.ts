import { describe, expect, it } from "vitest";
import { medianOf } from "./median.js";

describe("medianOf", () => {
  it("takes the middle, or the mean of the middle two", () => {
    expect(medianOf([3, 1, 2])).toBe(2);
    expect(medianOf([4, 1, 2, 3])).toBe(2.5);
  });
});
