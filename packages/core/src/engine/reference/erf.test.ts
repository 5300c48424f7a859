import { describe, expect, it } from "vitest";
import { erf } from "./erf.js";

describe("erf", () => {
  // Values to 20 digits: Abramowitz and Stegun, table 7.1, and the OEIS entry of erf(1), A007680.
  it.each([
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [-1, -0.8427007929497149],
    [1e-10, 1.1283791670955126e-10],
  ])("erf(%f)", (x, expected) => {
    expect(Math.abs(erf(x) - expected)).toBeLessThanOrEqual(4 * Number.EPSILON * Math.abs(expected));
  });

  it("reaches its limits and is continuous where the series ends", () => {
    expect([erf(6), erf(-6), erf(Number.POSITIVE_INFINITY), erf(-1e9)]).toEqual([1, -1, 1, -1]);
    expect(Math.abs(erf(5.999) - 1)).toBeLessThan(1e-14);
    expect(erf(Number.NaN)).toBeNaN();
  });
});
