import { describe, expect, it } from "vitest";
import { coupledCategory, pick } from "./categories.js";

describe("pick", () => {
  it("gives each place the shares from the sum before it, that included, to its own", () => {
    const probabilities = [0.25, 0.5, 0.25];
    expect([0, 0.24, 0.25, 0.74, 0.75, 0.99].map((share) => pick(probabilities, share))).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it("never picks what has no probability, nor beyond the last where they add up to less than 1 by rounding", () => {
    expect(pick([0, 1], 0)).toBe(1);
    expect(pick([0.5, 0.4999], 0.99999)).toBe(1);
  });
});

describe("coupledCategory", () => {
  const [draft, target] = [
    [0.5, 0.3, 0.2],
    [0.25, 0.45, 0.3],
  ];

  it("keeps a draft with probability min(1, q / p)", () => {
    expect(coupledCategory(0, draft, target, 0.49, 0)).toEqual({ symbol: 0, isKept: true });
    expect(coupledCategory(0, draft, target, 0.5, 0).isKept).toBe(false);
    expect(coupledCategory(1, draft, target, 0.999, 0)).toEqual({ symbol: 1, isKept: true });
  });

  it("draws another from (q - p)+: shares 0, .6 and .4", () => {
    expect(coupledCategory(0, draft, target, 0.6, 0)).toEqual({ symbol: 1, isKept: false });
    expect(coupledCategory(0, draft, target, 0.6, 0.59).symbol).toBe(1);
    expect(coupledCategory(0, draft, target, 0.6, 0.61).symbol).toBe(2);
  });

  it("keeps the draft of equal laws, whatever rounding makes of the decision", () => {
    expect(coupledCategory(1, draft, draft, 1, 0.3)).toEqual({ symbol: 1, isKept: true });
  });
});
