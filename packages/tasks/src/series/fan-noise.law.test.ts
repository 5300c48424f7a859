import { createRandom } from "@diffusion-forcing/core";
import type { NoiseSource } from "@diffusion-forcing/core/sampling";
import { checkLaw } from "@diffusion-forcing/core/testing";
import { expect, it } from "vitest";
import { antithetic, FanNoise } from "./fan-noise.js";
import type { Factors } from "./record.js";

const HORIZON = 3;
const PATHS = [["start"], ["steps", 1, "step", 0]] as const;

/** All numbers that are drawn for future n of two columns in a fan of its own seed: 2 columns x 2 draws x 3 tokens. */
function noiseOf(seed: number, n: number, weights: readonly number[], factors: Factors = []): number[] {
  const fan = new FanNoise({
    random: createRandom(seed),
    samples: 5,
    symmetric: false,
    context: 0,
    horizon: HORIZON,
    factors,
    shares: [1, 2],
    weights,
  });
  return [0, 1].flatMap((column) =>
    PATHS.flatMap((path) => {
      const target = new Float32Array(HORIZON);
      path.reduce((at, label) => at.split(label), fan.source(column, [column], n)).fillNormal(target);
      return Array.from(target);
    }),
  );
}

/**
 * How far the moments of vectors are from those of independent standard normal numbers, the largest in its standard
 * errors: means, means of squares and of products.
 */
function farthest(vectors: readonly (readonly number[])[]): number {
  const size = vectors[0]?.length as number;
  const average = (of: (z: readonly number[]) => number): number =>
    vectors.reduce((sum, z) => sum + of(z), 0) / vectors.length;
  const scaled: number[] = [];
  for (let i = 0; i < size; i++) {
    scaled.push(average((z) => z[i] as number));
    scaled.push((average((z) => (z[i] as number) ** 2) - 1) / Math.SQRT2);
    for (let j = 0; j < i; j++) scaled.push(average((z) => (z[i] as number) * (z[j] as number)));
  }
  return Math.max(...scaled.map(Math.abs)) * Math.sqrt(vectors.length);
}

it("each future of a fan has independent standard normal noise, as if it were drawn alone", ({ task }) => {
  const seeds = Array.from({ length: 3000 }, (_, i) => i);
  for (const n of [0, 1, 4]) {
    const statistic = (weights: readonly number[]): number => farthest(seeds.map((seed) => noiseOf(seed, n, weights)));
    const found = statistic([0.6, 0.8]);
    if (n > 0) expect(found).toBeLessThan(4.2);
    else
      checkLaw(task, {
        law: "a future's noise in an evenly spread fan is standard normal",
        statistic: "largest of 90 moments' deviations, in standard errors",
        found,
        within: [0, 4.2],
        broken: { "a direction that is no unit vector": statistic([0.6, 0.6]) },
      });
  }
});

/** The same of columns with a correlation of 0.6, the second without its share of the first: 0.8 of a number of its own. */
function apart(noise: readonly number[]): number[] {
  const half = noise.length / 2;
  return noise.map((z, i) => (i < half ? z : (z - 0.6 * (noise[i - half] as number)) / 0.8));
}

it("columns that go together have standard normal noise with the correlation of their factors", ({ task }) => {
  const seeds = Array.from({ length: 3000 }, (_, i) => i);
  const statistic = (factors: Factors): number =>
    farthest(seeds.map((seed) => apart(noiseOf(seed, 4, [0.6, 0.8], factors))));
  checkLaw(task, {
    law: "noise of columns that go together has the correlation of their factors, draw by draw",
    statistic: "largest of 90 moments' deviations, in standard errors",
    found: statistic([
      [0.8, 0.6],
      [0.75, 0],
    ]),
    within: [0, 4.2],
    broken: { "columns for themselves": statistic([]) },
  });
});

/** The upper quartile of 20 futures' sums over two columns after three steps of a walk, of as many fans as there are seeds. */
function quartiles(seeds: number, sourceOf: (seed: number) => (column: number, n: number) => NoiseSource): number[] {
  const target = new Float32Array(HORIZON);
  return Array.from({ length: seeds }, (_, seed) => {
    const source = sourceOf(seed);
    const sums = Array.from({ length: 20 }, (_future, n) => {
      let sum = 0;
      for (const [column, share] of [1, 2].entries()) {
        for (const [j, path] of PATHS.entries()) {
          path.reduce((at: NoiseSource, label) => at.split(label), source(column, n)).fillNormal(target);
          for (const z of target) sum += share * (j === 0 ? 0.6 : 0.8) * z;
        }
      }
      return sum;
    }).sort((a, b) => a - b);
    return ((sums[14] as number) + (sums[15] as number)) / 2;
  });
}

function variance(values: readonly number[]): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
}

it("quantiles of a fan's sum depend far less on the seed than those of independent pairs", ({ task }) => {
  const fan = (weights: readonly number[]) => (seed: number) => {
    const noise = new FanNoise({
      random: createRandom(seed),
      samples: 20,
      symmetric: false,
      context: 0,
      horizon: HORIZON,
      factors: [],
      shares: [1, 2],
      weights,
    });
    return (column: number, n: number) => noise.source(column, [column], n);
  };
  const pairs = (seed: number) => (column: number, n: number) => antithetic(createRandom(seed).split(column), n);
  const independent = variance(quartiles(500, pairs));
  checkLaw(task, {
    law: "a fan's quantiles depend less on the seed than those of independent pairs",
    statistic: "ratio of the upper quartile's variances over 500 seeds",
    found: variance(quartiles(500, fan([0.6, 0.8]))) / independent,
    within: [0, 0.5],
    broken: { "directions of draws that count little": variance(quartiles(500, fan([0.8, -0.6]))) / independent },
  });
});
