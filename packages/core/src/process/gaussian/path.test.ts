import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { elementsOf, levelsOf } from "../../testing/elements-of.js";
import type { GaussianPath } from "../process.js";
import { checkedPath, logRatioGap, noiseRemoved, signalToNoiseOf } from "./path.js";

const path = { signal: Float64Array.of(1, 0.8, 0.6, 0.28), noise: Float64Array.of(0, 0.6, 0.8, 0.96) };
const silent = { signal: Float64Array.of(1, 0.8, 0), noise: Float64Array.of(0, 0.6, 1) };

describe("signalToNoiseOf", () => {
  it("is alpha^2 / sigma^2", () => {
    const ratios = [Number.POSITIVE_INFINITY, 16 / 9, 9 / 16, (0.28 / 0.96) ** 2];
    expect([...signalToNoiseOf(path)]).toEqual(ratios.map((ratio, k) => (k === 0 ? ratio : expect.closeTo(ratio, 12))));
    expect(signalToNoiseOf(silent)[2]).toBe(0);
  });
});

describe("logRatioGap", () => {
  const gaps = (path: GaussianPath, from: number[], to: number[]) =>
    elementsOf({ from: levelsOf(...from), to: levelsOf(...to) }, ({ from, to }) => logRatioGap(path, from, to, 3));

  it("is log(alpha / sigma) at `to` less that at `from`", () => {
    const ratio = (k: number): number => Math.log(path.signal[k]! / path.noise[k]!);
    expect(gaps(path, [2, 3, 3, 1], [1, 2, 1, 1])).toEqual(
      [ratio(1) - ratio(2), ratio(2) - ratio(3), ratio(1) - ratio(3), 0].map((gap) => expect.closeTo(gap, 5)),
    );
  });

  it("is finite, and far, to a clean token and from one without signal", () => {
    expect(gaps(path, [1], [0])).toEqual([expect.closeTo(80, 4)]);
    expect(gaps(silent, [2, 2], [1, 0])).toEqual([expect.closeTo(80, 4), expect.closeTo(160, 4)]);
  });
});

describe("noiseRemoved", () => {
  it("keeps sqrt(SNR(from) / SNR(to)), and removes the rest of its square", () => {
    const inputs = { from: levelsOf(2, 1, 1), to: levelsOf(1, 1, 0) };
    const of = (part: "kept" | "removed") =>
      elementsOf(inputs, ({ from, to }) => noiseRemoved(path, from, to, 3)[part]);
    // sqrt((9 / 16) / (16 / 9)) = 9 / 16.
    expect(of("kept")).toEqual([9 / 16, 1, 0].map((x) => expect.closeTo(x, 6)));
    expect(of("removed")).toEqual([1 - 81 / 256, 0, 1].map((x) => expect.closeTo(x, 6)));
  });
});

describe("checkedPath", () => {
  it.each<[unknown, RegExp]>([
    [undefined, /mine: the path's signal is undefined/],
    [{ signal: path.signal }, /the path's noise is undefined/],
    [{ signal: [1, 0.5], noise: [0, 0.5] }, /the path's signal is \[1, 0.5\]/],
    [{ signal: path.signal, noise: Float64Array.of(0, 1) }, /the path's noise is/],
    [{ signal: Float64Array.of(1), noise: Float64Array.of(0) }, /the path's signal is/],
  ])("refuses %j", (wrong, message) => {
    expect(() => checkedPath("mine", wrong as GaussianPath)).toThrow(message);
  });

  it("takes tables of another realm", () => {
    const foreign = runInNewContext("({ signal: Float64Array.of(1, 0.8), noise: Float64Array.of(0, 0.6) })");
    expect(checkedPath("mine", foreign)).toBe(foreign);
  });

  it("takes equal ratios of neighbours, and a signal that ends", () => {
    expect(checkedPath("mine", silent)).toBe(silent);
    const flat = { signal: Float64Array.of(1, 0.8, 0.8), noise: Float64Array.of(0, 0.6, 0.6) };
    expect(checkedPath("mine", flat)).toBe(flat);
  });

  it.each<[number[], number[], RegExp]>([
    [[1, -0.1], [0, 1], /level 1 of 1 the tables hold no numbers/],
    [[1, 0.5], [0, -1], /level 1 of 1 the tables hold no numbers/],
    [[1, Number.POSITIVE_INFINITY], [0, 1], /the tables hold no numbers/],
    [[1, 0.5], [0.1, 1], /level 0 of 1 the token is not clean/],
    [[0.9, 0.5], [0, 1], /level 0 of 1 the token is not clean/],
    [[1, 0.5], [0, 1e-60], /level 1 of 1 there is no noise/],
    [[1, 0.8, 0.8], [0, 0.6, 0.5], /level 2 of 2 there is less noise than at the level below/],
    [[1, 0.8, 0, 0], [0, 0.6, 1, 1], /level 3 of 3 the signal has ended at the level below already/],
  ])("refuses the tables %j and %j", (signal, noise, message) => {
    const tables = { signal: Float64Array.from(signal), noise: Float64Array.from(noise) };
    expect(() => checkedPath("mine", tables)).toThrow(message);
  });
});
