import { describe, expect, it } from "vitest";
import { netNoiseWeights } from "./net-noise.js";

describe("netNoiseWeights", () => {
  it("is the noise itself where a token comes out of it in one step", () => {
    const path = { signal: Float64Array.of(1, 0.6), noise: Float64Array.of(0, 0.8) };
    expect(netNoiseWeights(path, [1, 0], 1)).toEqual([1]);
  });

  it("of one step between, by hand", () => {
    // From alpha 0, sigma 1 to alpha = sigma = sqrt(1/2): all noise is removed, and as much comes anew; the estimate is 0.
    const path = { signal: Float64Array.of(1, Math.SQRT1_2, 0), noise: Float64Array.of(0, Math.SQRT1_2, 1) };
    expect(netNoiseWeights(path, [2, 1, 0], 1)).toEqual([0, 1]);
    // From alpha .6, sigma .8 there: kept = .75, removed = 7/16; x passes by sqrt(1/2) (.75 / .8 + .6 * 7/16 / 1),
    // deviations are sqrt(7/16) times .8, or times sqrt(1/2).
    const other = {
      ...path,
      signal: Float64Array.of(1, Math.SQRT1_2, 0.6),
      noise: Float64Array.of(0, Math.SQRT1_2, 0.8),
    };
    const passed = Math.SQRT1_2 * (0.75 / 0.8 + (0.6 * 7) / 16);
    for (const [variance, deviation] of [
      [1, 0.8],
      [0, Math.SQRT1_2],
      [0.5, Math.sqrt(0.8 * Math.SQRT1_2)],
    ] as const) {
      const [start, step] = [0.8 * passed, Math.sqrt(7 / 16) * deviation];
      const size = Math.hypot(start, step);
      const found = netNoiseWeights(other, [2, 1, 0], variance);
      expect(found).toEqual([expect.closeTo(start / size, 12), expect.closeTo(step / size, 12)]);
    }
  });
});
