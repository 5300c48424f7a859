import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { FanNoise, type FanOptions } from "./fan-noise.js";

const DRAWS = [["start"], ["steps", 1, "step", 0], ["steps", 2, "step", 0]] as const;
const WEIGHTS = [0.6, 0, 0.8];
const CONTEXT = 1;
const HORIZON = 5;

const options: FanOptions = {
  random: createRandom(3),
  samples: 40,
  symmetric: false,
  context: CONTEXT,
  horizon: HORIZON,
  factors: [],
  shares: [3, 4],
  weights: WEIGHTS,
};

/** The numbers of each draw of a sample's sequence of one column or of all, [draw][(context + horizon) * features]. */
function drawsOf(fan: FanNoise, track: number | "all", n: number): Float32Array[] {
  const columns = track === "all" ? [0, 1] : [track];
  return DRAWS.map((path) => {
    const source = path.reduce((at, label) => at.split(label), fan.source(track, columns, n));
    const target = new Float32Array((CONTEXT + HORIZON) * columns.length);
    source.fillNormal(target, { clip: 20 });
    return target;
  });
}

/** What the draws come to in each forecast token of a column. */
function netOf(draws: readonly Float32Array[], features = 1, feature = 0): number[] {
  return Array.from({ length: HORIZON }, (_, h) =>
    draws.reduce((sum, z, j) => sum + (WEIGHTS[j] as number) * (z[(CONTEXT + h) * features + feature] as number), 0),
  );
}

/** The first principal component of a walk of five steps: the eigenvector of its covariance min(i, j), step by step. */
const FIRST = [0.597, 0.5485, 0.4557, 0.3259, 0.1699];
const first = (net: readonly number[]): number => net.reduce((sum, z, h) => sum + z * (FIRST[h] as number), 0);

/** In which of `count` strata of equal probability standard normal numbers lie, in order. */
function strataOf(values: readonly number[], count: number): number[] {
  return values.map((q) => Math.floor(count * normalBelow(q))).sort((a, b) => a - b);
}

/** P(Z < x), by Simpson's rule. */
function normalBelow(x: number): number {
  const steps = 400;
  const at = (i: number): number =>
    Math.exp(-(((i * x) / steps) ** 2) / 2) * (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2);
  const integral = Array.from({ length: steps + 1 }, (_, i) => at(i)).reduce((sum, y) => sum + y, 0) * (x / steps / 3);
  return 0.5 + integral / Math.sqrt(2 * Math.PI);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe("FanNoise", () => {
  it("has one future in each stratum of the first component of the sum", () => {
    const fan = new FanNoise(options);
    const sums = upTo(40).map((n) => {
      const [one, two] = [netOf(drawsOf(fan, 0, n)), netOf(drawsOf(fan, 1, n))];
      return first(one.map((z, h) => 0.6 * z + 0.8 * (two[h] as number)));
    });
    expect(strataOf(sums, 40)).toEqual(upTo(40));
  });

  it("has one in each stratum of a column's, where the sum is nothing to it", () => {
    const fan = new FanNoise({ ...options, shares: [0, 1] });
    const ofColumn = upTo(40).map((n) => first(netOf(drawsOf(fan, 0, n))));
    expect(strataOf(ofColumn, 40)).toEqual(upTo(40));
  });

  it("spreads the columns of one sequence as those of sequences of their own", () => {
    const fan = new FanNoise(options);
    const sums = upTo(40).map((n) => {
      const draws = drawsOf(fan, "all", n);
      return first(netOf(draws, 2, 0).map((z, h) => 0.6 * z + 0.8 * (netOf(draws, 2, 1)[h] as number)));
    });
    expect(strataOf(sums, 40)).toEqual(upTo(40));
  });

  it("has one in each stratum of the sum of columns that go together too", () => {
    const fan = new FanNoise({ ...options, factors: [[1], [0.6]] });
    // Variance of 3 x + 4 y with a correlation of 0.6.
    const size = Math.sqrt(9 + 16 + 2 * 12 * 0.6);
    const sums = upTo(40).map((n) => {
      const [one, two] = [netOf(drawsOf(fan, 0, n)), netOf(drawsOf(fan, 1, n))];
      return first(one.map((z, h) => (3 * z + 4 * (two[h] as number)) / size));
    });
    expect(strataOf(sums, 40)).toEqual(upTo(40));
  });

  it("gives columns that are the same in all the same noise, and those with opposite factors the opposite", () => {
    for (const [share, sign] of [
      [1, 1],
      [-1, -1],
    ] as const) {
      const fan = new FanNoise({ ...options, factors: [[1], [share]] });
      const [one, two] = [drawsOf(fan, 0, 3), drawsOf(fan, 1, 3)];
      for (const [j, z] of one.entries())
        for (const [i, x] of z.entries()) expect(two[j]?.[i]).toBeCloseTo(sign * x, 5);
    }
  });

  it("makes pairs of opposite signs, of the same numbers where the future is turned instead", () => {
    const fan = new FanNoise(options);
    for (const [j, z] of drawsOf(fan, 1, 6).entries()) expect(drawsOf(fan, 1, 7)[j]).toEqual(z.map((x) => -x));
    const turned = new FanNoise({ ...options, symmetric: true });
    expect(drawsOf(turned, 1, 7)).toEqual(drawsOf(turned, 1, 6));
    const strata = strataOf(
      upTo(20).map((i) =>
        Math.abs(
          first(
            netOf(drawsOf(turned, 0, 2 * i)).map(
              (z, h) => 0.6 * z + 0.8 * (netOf(drawsOf(turned, 1, 2 * i))[h] as number),
            ),
          ),
        ),
      ),
      40,
    );
    expect(strata).toEqual(upTo(20).map((i) => 20 + i));
  });

  it("leaves the noise of the context, and of draws that count nothing, as it is", () => {
    const fan = new FanNoise(options);
    const [start, idle] = drawsOf(fan, 1, 4) as [Float32Array, Float32Array];
    const plain = new Float32Array(CONTEXT + HORIZON);
    const own = options.random.split(1).split(2);
    own.split("start").fillNormal(plain);
    expect(start[0]).toBe(plain[0]);
    expect(start[1]).not.toBe(plain[1]);
    own.split("steps").split(1).split("step").split(0).fillNormal(plain);
    expect(idle).toEqual(plain);
  });

  it("takes any number of samples, columns that count nothing, and a single step", () => {
    for (const samples of [1, 3]) {
      const fan = new FanNoise({ ...options, samples, shares: [0, 0], horizon: 1 });
      const target = new Float32Array(2);
      fan
        .source(1, [1], samples - 1)
        .split("start")
        .fillNormal(target);
      expect(target.every(Number.isFinite)).toBe(true);
    }
  });
});
