import { describe, expect, it } from "vitest";
import { mean, pairedRatio, proportion } from "./intervals.js";

describe("intervals", () => {
  it("gives Wilson's interval, also at the ends", () => {
    expect(proportion(81, 263).value).toBeCloseTo(0.308, 3);
    // Newcombe 1998, table I: 81 of 263 -> .2553 to .3662; 0 of 20 -> 0 to .1611.
    expect(proportion(81, 263).low).toBeCloseTo(0.2553, 4);
    expect(proportion(81, 263).high).toBeCloseTo(0.3662, 4);
    expect(proportion(0, 20).low).toBe(0);
    expect(proportion(0, 20).high).toBeCloseTo(0.1611, 4);
    expect(proportion(0, 0).value).toBeNaN();
  });

  it("gives a mean with 1.96 standard errors", () => {
    // Sample variance of 1, 2, 3, 4 is 5/3, standard error sqrt(5/12) = 0.645497.
    const estimate = mean([1, 2, 3, 4]);
    expect(estimate.value).toBe(2.5);
    expect(estimate.low).toBeCloseTo(2.5 - 1.959964 * 0.645497, 5);
    expect(mean([7]).high).toBe(Number.POSITIVE_INFINITY);
  });

  it("gives a paired ratio that is exact when the pairs are proportional", () => {
    expect(pairedRatio([2, 4, 8], [1, 2, 4])).toEqual({ value: 2, low: 2, high: 2 });
    const noisy = pairedRatio([1, 3], [1, 1]);
    // Residuals -1 and 1: variance 2, standard error 1.
    expect(noisy.value).toBe(2);
    expect(noisy.high).toBeCloseTo(3.959964, 6);
  });
});
