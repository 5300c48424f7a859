import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import type { RandomStream } from "../engine/random/index.js";
import { medianDistance } from "../metrics/distances.js";
import { checkPointSets, type PointSet, squaredDistance } from "../metrics/point-sets.js";

export interface PermutationTestOptions {
  readonly random: RandomStream;
  /**
   * "energy": the energy distance, which sees any difference of laws; "mmd": the biased maximum mean discrepancy with a
   * Gaussian kernel of the median distance. Default "energy".
   */
  readonly statistic?: "energy" | "mmd";
  /** How often the points are dealt anew; the smallest p-value there can be is 1 / (permutations + 1). Default 1999. */
  readonly permutations?: number;
}

const optionsSchema = v.strictObject({
  random: schemas.having<RandomStream>("random numbers, as createRandom() makes them", "split", "integer"),
  statistic: v.optional(schemas.choice("energy", "mmd"), "energy"),
  permutations: v.optional(schemas.integer(1), 1999),
});

/**
 * Whether two sets of points [N, D] and [M, D] follow one law, exact for any sizes: the share of random dealings of all
 * points into sets of N and M that are at least as far apart as the given ones, these among them (Phipson and Smyth
 * 2010). Takes (N + M)^2 time for each dealing.
 *
 * @throws `shape-mismatch`, `invalid-argument`
 */
export function permutationTest(a: PointSet, b: PointSet, options: PermutationTestOptions): number {
  const { random, statistic, permutations } = check("permutationTest", optionsSchema, options);
  const width = checkPointSets("permutationTest", a, b, 2);
  const [first, second] = [a.shape[0] as number, b.shape[0] as number];
  const count = first + second;
  const likeness = likenesses(a, b, width, statistic);
  // With u = 1/N on the first set and -1/M on the second, either distance is the quadratic form of u: energy's within
  // and across terms come from -|x - y|, MMD's from the kernel.
  const dealt = Float64Array.from({ length: count }, (_, i) => (i < first ? 1 / first : -1 / second));
  const given = quadraticForm(likeness, dealt);
  // Equal dealings must not differ by the order of their sums.
  const limit = given - 1e-12 * Math.abs(given);
  let asFar = 1;
  for (let n = 0; n < permutations; n++) {
    for (let i = count - 1; i > 0; i--) {
      const j = random.integer(0, i + 1);
      [dealt[i], dealt[j]] = [dealt[j] as number, dealt[i] as number];
    }
    if (quadraticForm(likeness, dealt) >= limit) asFar++;
  }
  return asFar / (permutations + 1);
}

/** How alike each pair of all points is, [N + M, N + M]. */
function likenesses(a: PointSet, b: PointSet, width: number, statistic: "energy" | "mmd"): Float64Array {
  const count = (a.shape[0] as number) + (b.shape[0] as number);
  const all = { shape: [count, width], data: Float64Array.from([...Array.from(a.data), ...Array.from(b.data)]) };
  const bandwidth = statistic === "mmd" ? medianDistance(a, b, width) : 1;
  const alike = (squared: number): number =>
    statistic === "mmd" ? Math.exp(-squared / (2 * bandwidth * bandwidth)) : -Math.sqrt(squared);
  return Float64Array.from({ length: count * count }, (_, k) =>
    alike(squaredDistance(all, Math.floor(k / count), all, k % count, width)),
  );
}

function quadraticForm(matrix: Float64Array, u: Float64Array): number {
  let total = 0;
  for (let i = 0; i < u.length; i++) {
    let row = 0;
    for (let j = 0; j < u.length; j++) row += (matrix[i * u.length + j] as number) * (u[j] as number);
    total += row * (u[i] as number);
  }
  return total;
}
