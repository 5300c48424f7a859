import { describe, expect, it } from "vitest";
import { cosineBetas, linearBetas, sigmoidBetas } from "./betas.js";

const close = (values: number[]) => values.map((value) => expect.closeTo(value, 6));

describe("betas", () => {
  it("linear run evenly from .1 / K to 20 / K", () => {
    expect([...linearBetas(50)].slice(0, 2)).toEqual(close([0.002, 0.002 + 0.398 / 49]));
    expect([...linearBetas(50)].slice(-2)).toEqual(close([0.4 - 0.398 / 49, 0.4]));
    expect(linearBetas(50)).toHaveLength(50);
  });

  it("linear begin and end with .1 / K and 20 / K themselves, where steps from the other end would be off by rounding", () => {
    const betas = linearBetas(23);
    expect([betas[0], betas[22]]).toEqual([0.004347826086956522, 0.8695652173913044]);
  });

  it("cosine keep f(k / K) / f(0) with f = cos^2(pi / 2 (u + s) / (1 + s)), limited to .999", () => {
    // f(0) = .99984, f(1/2) = .49384 of it, and 0 at the end.
    const f = (u: number): number => Math.cos(((u + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
    expect([...cosineBetas(2, 0.008)]).toEqual(close([1 - f(0.5) / f(0), 0.999]));
    expect([...cosineBetas(4, 0.008)].slice(0, 3)).toEqual(
      close([1 - f(0.25) / f(0), 1 - f(0.5) / f(0.25), 1 - f(0.75) / f(0.5)]),
    );
  });

  it("sigmoid keep a logistic curve's share of its way, limited to .999", () => {
    const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
    // From -3 to 3: half of the way at 0.
    const share = (u: number): number => (logistic(3) - logistic(-3 + 6 * u)) / (logistic(3) - logistic(-3));
    expect([...sigmoidBetas(2, -3, 3, 1)]).toEqual(close([1 - share(0.5), 0.999]));
    expect(share(0.5)).toBeCloseTo(0.5, 12);
    const steep = (u: number): number =>
      (logistic(2 / 0.5) - logistic((-1 + 3 * u) / 0.5)) / (logistic(2 / 0.5) - logistic(-1 / 0.5));
    expect(sigmoidBetas(3, -1, 2, 0.5)[1]).toBeCloseTo(1 - steep(2 / 3) / steep(1 / 3), 5);
  });
});
