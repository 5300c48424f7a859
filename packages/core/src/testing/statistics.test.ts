import { describe, expect, it } from "vitest";
import { createRandom } from "../random/index.js";
import { kolmogorovSmirnov, kolmogorovSmirnovTwoSample, normalDistribution } from "./statistics.js";

const draw = (seed: number, count: number, shift = 0): number[] => {
  const values = new Float32Array(count);
  createRandom(seed).fillNormal(values);
  return Array.from(values, (value) => value + shift);
};

describe("the Kolmogorov-Smirnov tests", () => {
  it("know the tabulated limits: 1.358 at 5 %, 1.949 at 0.1 %", () => {
    // A sample whose largest distance is known: n points at one end of the uniform distribution's.
    const uniform = (x: number) => Math.min(Math.max(x, 0), 1);
    const shifted = (distance: number) => Array.from({ length: 10_000 }, (_, i) => (i + 0.5) / 10_000 - distance);
    expect(kolmogorovSmirnov(shifted(1.358 / 100), uniform)).toBeCloseTo(0.05, 2);
    expect(kolmogorovSmirnov(shifted(1.949 / 100), uniform)).toBeLessThan(0.0011);
  });

  it("are calm about the right law and not about a wrong one", () => {
    const calm = Array.from({ length: 20 }, (_, seed) => kolmogorovSmirnov(draw(seed, 300), normalDistribution));
    expect(Math.min(...calm)).toBeGreaterThan(0.001);
    expect(calm.filter((p) => p < 0.5).length).toBeGreaterThan(4);
    expect(kolmogorovSmirnov(draw(1, 300, 0.3), normalDistribution)).toBeLessThan(0.001);
    expect(kolmogorovSmirnovTwoSample(draw(1, 300), draw(2, 400))).toBeGreaterThan(0.001);
    expect(kolmogorovSmirnovTwoSample(draw(1, 300), draw(2, 400, 0.4))).toBeLessThan(0.001);
  });
});
