import { describe, expect, it } from "vitest";
import { quantileOf, scoreWindows } from "./scores.js";

describe("scoreWindows", () => {
  it("scores a point forecast by its errors", () => {
    // Two series, two moments, one window: errors 1, 0, 2, 0 of truths 10, 10, 8, 12.
    const truth = Float64Array.of(10, 10, 8, 12);
    const samples = Float64Array.from({ length: 80 }, (_, i) => [11, 10, 10, 12][i % 4] as number);
    const scores = scoreWindows(["a", "b"], [{ samples, truth }]);
    // A point's mean quantile loss is its absolute error: (1 + 2) / (20 + 20).
    expect(scores.crpsSum.value).toBeCloseTo(3 / 40, 10);
    expect(scores.crps.a).toBeCloseTo(3 / 18, 10);
    expect(scores.crps.b).toBe(0);
    expect(scores.energyScore.value).toBeCloseTo(1.5, 10);
    expect(scores.mae.value).toBe(0.75);
    expect(scores.rmse).toBeCloseTo(Math.sqrt(5 / 4), 10);
    expect([scores.coverage50.value, scores.coverage90.value]).toEqual([0.5, 0.5]);
  });

  it("leaves out what is not known", () => {
    const window = (truth: number[]) => ({
      samples: Float64Array.from({ length: 40 }, () => 1),
      truth: Float64Array.from(truth),
    });
    const scores = scoreWindows(["a", "b"], [window([2, Number.NaN])]);
    expect(scores.crps.a).toBeCloseTo(0.5, 10);
    expect(scores.mae.value).toBe(1);
    expect(scores.energyScore.value).toBe(0);
  });

  it("counts coverage of the middle of the samples", () => {
    const samples = Float64Array.from({ length: 101 }, (_, i) => i);
    const shares = [50, 30, 10, 4].map((y) => {
      const { coverage50, coverage90 } = scoreWindows(["a"], [{ samples, truth: Float64Array.of(y) }]);
      return [coverage50.value, coverage90.value];
    });
    expect(shares).toEqual([
      [1, 1],
      [1, 1],
      [0, 1],
      [0, 0],
    ]);
  });
});

it("quantileOf interpolates", () => {
  expect([0, 0.25, 0.5, 1].map((q) => quantileOf([1, 2, 4], q))).toEqual([1, 1.5, 2, 4]);
});
