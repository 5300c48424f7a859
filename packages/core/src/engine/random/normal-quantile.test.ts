import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../errors.js";
import { normalQuantile } from "./normal-quantile.js";

/** P(Z < x) by Marsaglia's series, "Evaluating the normal distribution" (2004): shares nothing with AS 241. */
function normalCdf(x: number): number {
  let term = x;
  let sum = x;
  for (let i = 3; Math.abs(term) > 1e-18 * Math.abs(sum); i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

describe("normalQuantile", () => {
  // Computed with 40 digits for the double nearest to each p, then rounded to a double. Each piece of AS 241 has some.
  it.each([
    [0.5, 0],
    [0.6, 0.2533471031357997],
    [0.25, -0.6744897501960817],
    [0.925, 1.4395314709384561],
    [0.0749, -1.4402382675279637],
    [0.975, 1.9599639845400538],
    [0.001, -3.0902323061678136],
    [1e-10, -6.361340902404057],
    [1e-20, -9.262340089798407],
    [1e-300, -37.0470962993612],
  ])("of %d is %d to the last bit or two", (p, expected) => {
    expect(Math.abs(normalQuantile(p) - expected)).toBeLessThanOrEqual(4e-16 * Math.abs(expected));
  });

  it("inverts the distribution function", () => {
    for (let i = 1; i < 4000; i++) expect(Math.abs(normalCdf(normalQuantile(i / 4000)) - i / 4000)).toBeLessThan(1e-15);
  });

  it("is exactly odd about one half and strictly increasing, across its pieces too", () => {
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 1; i < 1 << 14; i++) {
      const value = normalQuantile(i / (1 << 14));
      expect(normalQuantile(1 - i / (1 << 14))).toBe(i === 1 << 13 ? 0 : -value);
      expect(value).toBeGreaterThan(last);
      last = value;
    }
  });

  it.each([0, 1, -0.1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses p = %d", (p) => {
    let error: unknown;
    try {
      normalQuantile(p);
    } catch (caught) {
      error = caught;
    }
    expect(isDiffusionForcingError(error, "invalid-argument")).toBe(true);
    expect(String(error)).toContain(`got p = ${p}; expected 0 < p < 1`);
  });
});
