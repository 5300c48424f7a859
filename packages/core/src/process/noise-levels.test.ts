import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { checkLaw } from "../testing/law.js";
import { chiSquare } from "../testing/statistics.js";
import { checkNoiseLevels, independentNoiseLevels, maskNoiseLevels, stepwiseNoiseLevels } from "./noise-levels.js";

/** The probability of levels as uneven over 1..8 as these. */
function evenness(levels: ArrayLike<number>): number {
  const counts = new Array<number>(8).fill(0);
  for (const level of Array.from(levels)) counts[level - 1]!++;
  return chiSquare(counts, new Array<number>(8).fill(1 / 8));
}

describe("independentNoiseLevels", () => {
  const sizes = { batch: 500, tokens: 8, levels: 8 };

  it("draws uniformly over 1..K", ({ task }) => {
    const { shape, data } = independentNoiseLevels(createRandom(1), sizes);
    expect(shape).toEqual([500, 8]);
    expect(Math.min(...data)).toBe(1);
    expect(Math.max(...data)).toBe(8);
    const random = createRandom(1);
    const tooFew = independentNoiseLevels({ integer: (low, high) => random.integer(low, high - 1) }, sizes);
    checkLaw(task, {
      law: "Training levels are uniform over 1..K",
      statistic: "p, chi-square of 4,000 levels",
      found: evenness(data),
      within: [1e-3, 1],
      broken: { "one level too few": evenness(tooFew.data) },
    });
  });

  it("draws every token on its own", () => {
    const { data } = independentNoiseLevels(createRandom(2), sizes);
    let equal = 0;
    for (let sample = 0; sample < 500; sample++) if (data[sample * 8] === data[sample * 8 + 1]) equal++;
    // 62.5 expected, standard deviation 7.4.
    expect(equal).toBeGreaterThan(35);
    expect(equal).toBeLessThan(90);
  });
});

describe("stepwiseNoiseLevels", () => {
  const sizes = { batch: 2, tokens: 3, levels: 50 };
  /** Hands out the given draws in order and counts what was asked for. */
  const script = (uniforms: number[], integers: number[]) => ({
    uniform: () => uniforms.shift() as number,
    integer: () => integers.shift() as number,
    left: () => [uniforms.length, integers.length],
  });

  it("gives a token to the whole batch, by the official order of draws", () => {
    const draws = script([0.7, 0.05, 0.2, 0.1], [7, 8, 9, 10]);
    // Token 0: 0.7 > 0.15, then 0.05 <= 0.9. Token 1: 0.2 > 0.15. Token 2: 0.1 <= 0.15.
    expect([...stepwiseNoiseLevels(draws, sizes, { any: 0.15, first: 0.9 }).data]).toEqual([1, 7, 1, 1, 8, 1]);
    expect(draws.left()).toEqual([0, 2]);
  });

  it("is uniform over 1..K without given tokens", () => {
    const { data } = stepwiseNoiseLevels(createRandom(1), { batch: 500, tokens: 8, levels: 8 });
    expect(evenness(data)).toBeGreaterThan(1e-3);
  });

  it("refuses what is no probability", () => {
    expect(() => stepwiseNoiseLevels(createRandom(1), sizes, { first: 2 })).toThrow(/the first with 2/);
  });
});

describe("maskNoiseLevels", () => {
  it("makes pure noise of a token only when all of its frames are masked", () => {
    const levels = tensor(Int32Array.of(3, 4, 5, 6), [2, 2]);
    const mask = tensor(Uint8Array.of(1, 1, 0, 0, 1, 0, 0, 1), [2, 4]);
    expect([...maskNoiseLevels(levels, mask, 50).data]).toEqual([3, 50, 5, 6]);
  });

  it("refuses frames that do not divide among the tokens", () => {
    const levels = tensor(Int32Array.of(3, 4), [1, 2]);
    expect(() => maskNoiseLevels(levels, tensor(new Uint8Array(3), [1, 3]), 50)).toThrow(/a multiple of 2/);
  });
});

describe("checkNoiseLevels", () => {
  it("names the level and where it stands", () => {
    expect(() => checkNoiseLevels(tensor(Int32Array.of(0, 51), [1, 2]), 50)).toThrow(/51 at element 1 .* 0\.\.50/);
    expect(() => checkNoiseLevels(tensor(Int32Array.of(-1), [1, 1]), 50)).toThrow(/-1 at element 0/);
    checkNoiseLevels(tensor(Int32Array.of(0, 50), [1, 2]), 50);
  });
});
