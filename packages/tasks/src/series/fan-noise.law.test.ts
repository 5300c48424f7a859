import { createRandom } from "@diffusion-forcing/core";
import { checkLaw } from "@diffusion-forcing/core/testing";
import { expect, it } from "vitest";
import { FanNoise } from "./fan-noise.js";

const HORIZON = 3;
const PATHS = [["start"], ["steps", 1, "step", 0]] as const;

/** All numbers that are drawn for future n of two columns in a fan of its own seed: 2 columns x 2 draws x 3 tokens. */
function noiseOf(seed: number, n: number, weights: readonly number[]): number[] {
  const fan = new FanNoise({
    random: createRandom(seed),
    samples: 5,
    symmetric: false,
    context: 0,
    horizon: HORIZON,
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
  const seeds = Array.from({ length: 4000 }, (_, i) => i);
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
