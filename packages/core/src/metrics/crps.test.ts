import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { crps, crpsOfSum, quantileCrpsOfSum } from "./crps.js";

describe("crps", () => {
  it("is the absolute error of one sample", () => {
    expect(Array.from(crps({ samples: tensor([1, -2], [1, 2]), truth: tensor([3, -1]) }))).toEqual([2, 1]);
  });

  it("takes half the mean distance of all ordered pairs off the mean error", () => {
    // Errors of 0, 1, 5 from 2: 2, 1, 3, mean 2. Pairs: 2 (1 + 5 + 4) / 9.
    const [score] = crps({ samples: tensor([5, 0, 1], [3, 1]), truth: tensor([2]) });
    expect(score).toBeCloseTo(2 - 20 / 9 / 2, 12);
  });

  it("approaches the closed form of a normal forecast", () => {
    const samples = new Float32Array(20_000);
    createRandom(1).fillNormal(samples);
    const [score] = crps({ samples: tensor(samples, [20_000, 1]), truth: tensor([0.5]) });
    // s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)) at z = 0.5 (Gneiting and Raftery 2007).
    const expected = 0.5 * (2 * 0.6914624613 - 1) + 2 * 0.3520653268 - 1 / Math.sqrt(Math.PI);
    expect(score).toBeGreaterThan(expected - 0.012);
    expect(score).toBeLessThan(expected + 0.012);
  });

  it("sums over the last axis first", () => {
    // Sums of the samples 3 and 7, of the truth 4: errors 1 and 3, pairs 2 * 4 / 4.
    const forecast = { samples: tensor([1, 2, 3, 4], [2, 1, 2]), truth: tensor([2, 2], [1, 2]) };
    expect(crpsOfSum(forecast)).toBeCloseTo(2 - 2 / 2, 12);
  });

  it("averages quantile losses of order statistics", () => {
    const samples = tensor(
      Float32Array.from({ length: 20 }, (_, i) => i + 1),
      [20, 1, 1],
    );
    // The k-th quantile is k: 2 |(k - 10) ([10 <= k] - k / 20)| for k = 1..19, their mean over 10.
    let loss = 0;
    for (let k = 1; k <= 19; k++) loss += 2 * Math.abs((k - 10) * ((10 <= k ? 1 : 0) - k / 20));
    expect(quantileCrpsOfSum({ samples, truth: tensor([10], [1, 1]) })).toBeCloseTo(loss / 19 / 10, 12);
  });

  it("refuses shapes that do not fit, and too few samples for the quantiles", () => {
    expect(() => crps({ samples: tensor([1, 2]), truth: tensor([1, 2]) })).toThrow("samples [2] and truth [2]");
    const few = { samples: tensor(new Float32Array(19), [19, 1, 1]), truth: tensor([1], [1, 1]) };
    expect(() => quantileCrpsOfSum(few)).toThrow("draw at least 20 samples");
  });
});
