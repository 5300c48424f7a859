import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import {
  chiSquare,
  chiSquareTail,
  kolmogorovSmirnov,
  kolmogorovSmirnovDistance,
  kolmogorovSmirnovTwoSample,
  normalDistribution,
} from "./statistics.js";

const draw = (seed: number, count: number, shift = 0): number[] => {
  const values = new Float32Array(count);
  createRandom(seed).fillNormal(values);
  return Array.from(values, (value) => value + shift);
};

describe("the Kolmogorov-Smirnov distance", () => {
  it("is the largest gap between the steps of a sample and a distribution function, on either side of a step", () => {
    const uniform = (x: number) => x;
    // Steps of a third at .5, .6 and .7: the function is .5 before the first, and the last ends .3 above it.
    expect(kolmogorovSmirnovDistance([0.7, 0.5, 0.6], uniform)).toBeCloseTo(0.5, 12);
    expect(kolmogorovSmirnovDistance([0.3, 0.4, 0.5], uniform)).toBeCloseTo(0.5, 12);
    expect(kolmogorovSmirnovDistance([0.25, 0.75], uniform)).toBeCloseTo(0.25, 12);
  });
});

describe("the Kolmogorov-Smirnov tests", () => {
  it("know the tabulated limits: 1.358 at 5 %, 1.949 at 0.1 %", () => {
    // A sample whose largest distance is known: n points at one end of the uniform distribution's.
    const uniform = (x: number) => Math.min(Math.max(x, 0), 1);
    const shifted = (distance: number) => Array.from({ length: 10_000 }, (_, i) => (i + 0.5) / 10_000 - distance);
    expect(kolmogorovSmirnov(shifted(1.358 / 100), uniform)).toBeCloseTo(0.05, 2);
    expect(kolmogorovSmirnov(shifted(1.949 / 100), uniform)).toBeLessThan(0.0011);
  });

  it("know the two-sample limit, 1.358 sqrt((n + m) / (n m)) at 5 %, also for samples of unequal size", () => {
    const grid = (count: number, shift: number) => Array.from({ length: count }, (_, i) => (i + 0.5) / count + shift);
    for (const [n, m] of [
      [10_000, 10_000],
      [10_000, 2500],
    ] as const) {
      const distance = 1.358 * Math.sqrt((n + m) / (n * m));
      expect(kolmogorovSmirnovTwoSample(grid(n, 0), grid(m, distance))).toBeCloseTo(0.05, 2);
    }
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

describe("the chi-square test", () => {
  it("knows the tabulated limits", () => {
    // Degrees of freedom, the limit at 5 % and at 0.1 %.
    for (const [degrees, five, thousandth] of [
      [1, 3.841, 10.828],
      [2, 5.991, 13.816],
      [5, 11.07, 20.515],
      [10, 18.307, 29.588],
      [100, 124.342, 149.449],
    ] as const) {
      expect(chiSquareTail(five, degrees)).toBeCloseTo(0.05, 4);
      expect(chiSquareTail(thousandth, degrees)).toBeCloseTo(0.001, 5);
    }
    // 2,000 degrees are nearly normal: mean 2,000, deviation sqrt(4000).
    expect(chiSquareTail(2000, 2000)).toBeCloseTo(0.4958, 3);
    expect(chiSquareTail(0, 3)).toBe(1);
  });

  it("adds up squares over what is expected", () => {
    // Expected 50, 30, 20: (8^2 / 50) + (4^2 / 30) + (4^2 / 20) = 2.61333 on 2 degrees: exp(-2.61333 / 2).
    expect(chiSquare([58, 26, 16], [0.5, 0.3, 0.2])).toBeCloseTo(Math.exp(-2.613333333 / 2), 8);
  });

  it("is calm about a fair die and not about a loaded one", () => {
    const random = createRandom(8);
    const [fair, loaded] = [new Array<number>(6).fill(0), new Array<number>(6).fill(0)];
    for (let i = 0; i < 3000; i++) {
      fair[random.integer(0, 6)]!++;
      loaded[random.uniform() < 0.08 ? 5 : random.integer(0, 6)]!++;
    }
    const shares = new Array<number>(6).fill(1 / 6);
    expect(chiSquare(fair, shares)).toBeGreaterThan(1e-3);
    expect(chiSquare(loaded, shares)).toBeLessThan(1e-3);
  });

  it("refuses shares that do not add up, and cells that expect too little", () => {
    expect(() => chiSquare([50, 50], [0.5, 0.4])).toThrow("shares of sum 0.9");
    expect(() => chiSquare([20, 1], [0.95, 0.05])).toThrow("expected at least 5");
  });
});
