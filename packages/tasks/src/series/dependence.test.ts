import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { correlationsOf, factorsOf, ownVariance } from "./dependence.js";

const ROWS = 4000;
const settings = { context: 4, lags: [] };
const known = (values: ArrayLike<number>) => ({
  values: Float32Array.from(values),
  noise: new Float64Array(values.length),
});

/** Rows of normal numbers with a factor in common: x_c = share_c f + sqrt(1 - share_c^2) u_c. */
function withFactor(shares: readonly number[], rows = ROWS): number[] {
  const random = createRandom(1);
  return Array.from({ length: rows }).flatMap(() => {
    const common = random.normal();
    return shares.map((share) => share * common + Math.sqrt(1 - share * share) * random.normal());
  });
}

const correlation = (...given: Parameters<typeof factorsOf>): number[][] =>
  correlationsOf(factorsOf(...given)).map((row) => Array.from(row));

describe("factorsOf", () => {
  it("finds correlations, drawn towards none by 50 rows", () => {
    // What comes next has nothing of what was: 1, 1, -1, -1. Four rows of 100 are behind the context.
    const values = Array.from({ length: 200 }, (_, i) => (Math.floor(i / 4) % 2 === 0 ? 1 : -1) * (i % 2 ? 3 : 1));
    const found = correlation(known(values), 2, { context: 1, lags: [] });
    expect(found[0]?.[0]).toBe(1);
    expect(found[0]?.[1]).toBeCloseTo(99 / 149, 6);
    expect(found[1]?.[0]).toBeCloseTo(99 / 149, 6);
  });

  it("says them whole of as many columns as there are factors", () => {
    const shares = [0.9, -0.8, 0.5, 0];
    const found = correlation(known(withFactor(shares)), 4, settings);
    for (const [i, one] of shares.entries()) {
      for (const [j, other] of shares.entries()) expect(found[i]?.[j]).toBeCloseTo(i === j ? 1 : one * other, 1);
    }
  });

  it("goes by ranks: how far single rows go does not count", () => {
    const values = withFactor([0.8, 0.8]);
    const cubed = values.map((x, i) => (i % 2 === 0 ? x ** 3 : x));
    const [straight, bent] = [values, cubed].map((x) => correlation(known(x), 2, settings)[0]?.[1] as number);
    expect(straight).toBeCloseTo(0.64, 1);
    // Of the numbers themselves it would be 0.64 * 3 / sqrt(15) = 0.5.
    expect(bent).toBeCloseTo(straight as number, 1);
    expect(bent).toBeGreaterThan(0.58);
  });

  it("leaves out what earlier tokens say: a common season, by the tokens before or by a lag", () => {
    const wave = (row: number): number => 3 * Math.sin((2 * Math.PI * row) / 12);
    const random = createRandom(2);
    const smooth = Array.from({ length: 2 * ROWS }, (_, i) => wave(Math.floor(i / 2)) + 0.5 * random.normal());
    expect(correlation(known(smooth), 2, { context: 12, lags: [] })[0]?.[1]).toBeLessThan(0.35);
    expect(correlation(known(smooth), 2, { context: 1, lags: [] })[0]?.[1]).toBeGreaterThan(0.6);
    const saw = Array.from({ length: 2 * ROWS }, (_, i) => (Math.floor(i / 2) % 30 === 0 ? 9 : 0) + random.normal());
    expect(correlation(known(saw), 2, { context: 1, lags: [30] })[0]?.[1]).toBeLessThan(0.2);
  });

  it("of walks finds how their steps go together, not how far they have come", () => {
    const at = [0, 0];
    const walk = withFactor([0, 0]).map((step, i) => {
      at[i % 2] = (at[i % 2] as number) + step;
      return at[i % 2] as number;
    });
    expect(Math.abs(correlation(known(walk), 2, settings)[0]?.[1] as number)).toBeLessThan(0.05);
  });

  it("takes the rows that both columns have, none of what is missing or doubtful", () => {
    const values = withFactor([0.9, 0.9]);
    const noise = Float64Array.from(values, (_, i) => (Math.floor(i / 2) % 5 === 1 + (i % 2) ? 0.5 : 0));
    const spoilt = values.map((x, i) => (noise[i] ? 1000 * (i % 3) : x));
    expect(correlation({ values: Float32Array.from(spoilt), noise }, 2, settings)[0]?.[1]).toBeCloseTo(0.81, 1);
    const none = { values: new Float32Array(20), noise: new Float64Array(20).fill(Number.POSITIVE_INFINITY) };
    expect(correlation(none, 2, settings)).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it("of many columns keeps what most have in common, as variances of 1", () => {
    const factors = factorsOf(known(withFactor(new Array(40).fill(0.8), 1000)), 40, settings);
    expect(factors).toHaveLength(40);
    for (const own of factors) {
      expect(own).toHaveLength(16);
      expect(ownVariance(own)).toBeGreaterThanOrEqual(0);
      expect(Math.hypot(...own)).toBeLessThanOrEqual(1 + 1e-12);
    }
    const found = correlationsOf(factors);
    const off = found.flatMap((row, i) => Array.from(row.filter((_, j) => j !== i)));
    expect(off.reduce((sum, x) => sum + x, 0) / off.length).toBeCloseTo(0.64 * (1000 / 1050), 1);
  });

  it("says nothing of one column, or of more than a correlation can be learned of", () => {
    expect(factorsOf(known([1, 2, 3]), 1, settings)).toEqual([]);
    expect(factorsOf(known(new Array(514).fill(1)), 257, settings)).toEqual([]);
  });
});
