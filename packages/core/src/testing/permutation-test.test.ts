import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { permutationTest } from "./permutation-test.js";
import { kolmogorovSmirnov } from "./statistics.js";

const normal = (seed: number, count: number, width: number) => {
  const data = new Float32Array(count * width);
  createRandom(seed).fillNormal(data);
  return tensor(data, [count, width]);
};
/** Standard normal pairs of correlation 0.96: each number alone looks as before. */
const related = (seed: number, count: number) => {
  const { data } = normal(seed, count, 2);
  return tensor(
    Float32Array.from(data, (x, i) => (i % 2 === 0 ? x : 0.96 * data[i - 1]! + 0.28 * x)),
    [count, 2],
  );
};

describe.each(["energy", "mmd"] as const)("the permutation test of %s", (statistic) => {
  it("is exact: of 0, 1, 2 against 10, 11 none other of the 10 dealings is as far apart", () => {
    const options = { statistic, permutations: 20_000, random: createRandom(1) };
    const p = permutationTest(tensor([0, 1, 2], [3, 1]), tensor([10, 11], [2, 1]), options);
    // A tenth, give or take 3.3 sqrt(0.09 / 20000) = 0.007; a point that is never dealt would make it a quarter.
    expect(p).toBeGreaterThan(0.093);
    expect(p).toBeLessThan(0.107);
  });

  it("gives uniform p-values where the laws are one", () => {
    const found = Array.from({ length: 60 }, (_, i) =>
      permutationTest(normal(2 * i, 20, 2), normal(2 * i + 1, 15, 2), {
        statistic,
        permutations: 199,
        random: createRandom(i),
      }),
    );
    expect(kolmogorovSmirnov(found, (p) => p)).toBeGreaterThan(1e-3);
  });

  it("sees a correlation that no number shows alone: the broken variant", () => {
    const options = { statistic, random: createRandom(3) };
    expect(permutationTest(related(4, 120), related(5, 120), options)).toBeGreaterThan(1e-3);
    // 300 points, since with 200 the energy distance sees it in 8 of 12 runs only.
    expect(permutationTest(related(4, 300), normal(5, 300, 2), options)).toBeLessThan(1e-3);
  });
});

it("counts the given dealing: sets wide apart have the smallest p-value there is", () => {
  const far = { shape: [20, 1], data: normal(2, 20, 1).data.map((x) => x + 50) };
  expect(permutationTest(normal(1, 20, 1), far, { random: createRandom(4), permutations: 99 })).toBe(0.01);
});

it("deals the same for the same seed", () => {
  const run = () => permutationTest(normal(1, 10, 1), normal(2, 10, 1), { random: createRandom(7), permutations: 99 });
  expect(run()).toBe(run());
});

it("refuses sets of other widths and no dealings", () => {
  const random = createRandom(0);
  expect(() => permutationTest(normal(1, 3, 2), normal(1, 3, 3), { random })).toThrow("got [3, 2] and [3, 3]");
  expect(() => permutationTest(normal(1, 3, 2), normal(2, 3, 2), { random, permutations: 0 })).toThrow(
    "permutations is 0; expected a whole number from 1",
  );
});
