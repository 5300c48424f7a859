import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { crps, crpsSum, quantileCrpsSum } from "./crps.js";

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
    expect(crpsSum(forecast)).toBeCloseTo(2 - 2 / 2, 12);
  });

  it("averages quantile losses of order statistics", () => {
    const samples = tensor(
      Float32Array.from({ length: 20 }, (_, i) => i + 1),
      [20, 1, 1],
    );
    // The k-th quantile is k: 2 |(k - 10) ([10 <= k] - k / 20)| for k = 1..19, their mean over 10.
    let loss = 0;
    for (let k = 1; k <= 19; k++) loss += 2 * Math.abs((k - 10) * ((10 <= k ? 1 : 0) - k / 20));
    expect(quantileCrpsSum({ samples, truth: tensor([10], [1, 1]) })).toBeCloseTo(loss / 19 / 10, 12);
  });

  it("takes floor(q N) for the rank of a quantile, also where q N is whole and rounds below", () => {
    // 0.7 * 90 is 62.99999999999999 in doubles: the 63rd of 1..90 is the quantile. At y = 63 it has no loss.
    const samples = { shape: [90, 1, 1], data: Array.from({ length: 90 }, (_, i) => i + 1) };
    const at = (q: number, y: number) => quantileCrpsSum({ samples, truth: { shape: [1, 1], data: [y] } }, [q]);
    expect(at(0.7, 63)).toBe(0);
    expect(at(0.7, 62)).toBeCloseTo((2 * 1 * 0.3) / 62, 12);
    // 0.35 * 90 = 31.5 is not whole: the 31st.
    expect(at(0.35, 31)).toBe(0);
    expect(at(0.999, 89)).toBe(0);
  });

  it("averages over elements where the sum has several", () => {
    // Sums 3 and 7 of one sample; truth 4 and 5: errors 1 and 2, their mean 1.5.
    const forecast = { samples: tensor([1, 2, 3, 4], [1, 2, 2]), truth: tensor([2, 2, 2, 3], [2, 2]) };
    expect(crpsSum(forecast)).toBe(1.5);
  });

  it("by quantiles sorts the samples, and counts a truth that equals the quantile as not above it", () => {
    const samples = { shape: [4, 1, 1], data: [3, 1, 4, 2] };
    // Of 1, 2, 3, 4 the quantiles 0.25, 0.5 and 0.75 are 1, 2 and 3; y = 3: losses 2 |1 - 3| 0.25, 2 |2 - 3| 0.5 and 0.
    expect(quantileCrpsSum({ samples, truth: { shape: [1, 1], data: [3] } }, [0.25, 0.5, 0.75])).toBeCloseTo(2 / 9, 12);
  });

  it("by quantiles divides by the sum of absolute sums over all elements", () => {
    const samples = { shape: [1, 2, 2], data: [1, 1, -4, 2] };
    // Sums 2 and -2 of truth 3 and -1: losses 2 |(2 - 3) (0 - 0.9999..)| and 2 |(-2 + 1) (0 - q)| at q = 0.999999.
    const score = quantileCrpsSum(
      { samples: { ...samples, shape: [1, 2, 2] }, truth: { shape: [2, 2], data: [3, 0, -2, 1] } },
      [1 - 1e-12],
    );
    expect(score).toBeCloseTo((2 + 2) / (3 + 1), 9);
  });

  it("by quantiles has no score without a scale, where the unnormalised one has", () => {
    const samples = { shape: [20, 1, 2], data: Array.from({ length: 40 }, () => 1) };
    const truth = { shape: [1, 2], data: [3, -3] };
    const failure = (() => {
      try {
        return quantileCrpsSum({ samples, truth });
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toMatchObject({ code: "invalid-data", message: expect.stringContaining("score it by crpsSum") });
    expect(crpsSum({ samples, truth })).toBe(2);
  });

  it("refuses what are no quantiles, sums of scalars, and no elements", () => {
    const forecast = { samples: { shape: [20, 1], data: new Float32Array(20) }, truth: { shape: [1], data: [1] } };
    for (const quantiles of [[], [0], [1], [-0.5], [Number.NaN], [0.5, 2], 0.5]) {
      expect(() => quantileCrpsSum(forecast, quantiles as number[])).toThrow("expected numbers between 0 and 1");
    }
    expect(() => crpsSum({ samples: { shape: [2], data: [1, 2] }, truth: { shape: [], data: [1] } })).toThrow(
      "needs a last axis",
    );
    expect(() => crps({ samples: { shape: [2, 0], data: [] }, truth: { shape: [0], data: [] } })).toThrow(
      "there are no elements",
    );
    expect(() => crps({ samples: { shape: [0, 1], data: [] }, truth: { shape: [1], data: [1] } })).toThrow(
      "samples [0, 1] and truth [1]",
    );
    expect(() => crps({ samples: { shape: [], data: [1] }, truth: { shape: [], data: [1] } })).toThrow("samples []");
  });

  it("refuses shapes that do not fit, and too few samples for the quantiles", () => {
    expect(() => crps({ samples: tensor([1, 2]), truth: tensor([1, 2]) })).toThrow("samples [2] and truth [2]");
    const few = { samples: tensor(new Float32Array(19), [19, 1, 1]), truth: tensor([1], [1, 1]) };
    expect(() => quantileCrpsSum(few)).toThrow("draw at least 20 samples");
  });
});
