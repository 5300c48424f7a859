import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { checkPointSets, type PointSet, squaredDistance, sumOverPairs } from "./point-sets.js";
import { symmetricEigen } from "./symmetric-eigen.js";

/**
 * The Frechet distance of two normal laws with the points' means and covariances (Heusel et al. 2017):
 * |m_a - m_b|^2 + tr(A + B - 2 (A^(1/2) B A^(1/2))^(1/2)). With the features of a video network this is FVD, with those
 * of an image network FID; the features are the caller's. Covariances of fewer points than features are allowed.
 *
 * @param a features [N, D], N at least 2; `b` likewise.
 * @throws `shape-mismatch`, `invalid-argument`, `invalid-data`
 */
export function frechetDistance(a: PointSet, b: PointSet): number {
  const width = checkPointSets("frechetDistance", a, b, 2);
  const [left, right] = [momentsOf(a, width), momentsOf(b, width)];
  const root = squareRoot(left.covariance, width);
  const inner = product(product(root, right.covariance, width), root, width);
  // Rounding can push eigenvalues of what is non-negative below 0.
  const { values } = symmetricEigen(inner, width);
  const shared = values.reduce((total, value) => total + Math.sqrt(Math.max(value, 0)), 0);
  let distance = -2 * shared;
  for (let k = 0; k < width; k++) {
    distance += ((left.mean[k] as number) - (right.mean[k] as number)) ** 2;
    distance += (left.covariance[k * width + k] as number) + (right.covariance[k * width + k] as number);
  }
  return Math.max(distance, 0);
}

/** Mean and unbiased covariance. */
function momentsOf({ shape, data }: PointSet, width: number): { mean: Float64Array; covariance: Float64Array } {
  const count = shape[0] as number;
  const mean = new Float64Array(width);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < width; k++) mean[k]! += (data[i * width + k] as number) / count;
  }
  const covariance = new Float64Array(width * width);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < width; k++) {
      const x = (data[i * width + k] as number) - (mean[k] as number);
      for (let l = 0; l < width; l++) {
        covariance[k * width + l]! += (x * ((data[i * width + l] as number) - (mean[l] as number))) / (count - 1);
      }
    }
  }
  return { mean, covariance };
}

/** The symmetric root of a symmetric matrix without negative eigenvalues. */
function squareRoot(matrix: Float64Array, n: number): Float64Array {
  const { values, vectors } = symmetricEigen(matrix, n);
  const root = new Float64Array(n * n);
  for (const [e, value] of values.entries()) {
    const factor = Math.sqrt(Math.max(value, 0));
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        root[i * n + j]! += factor * (vectors[e * n + i] as number) * (vectors[e * n + j] as number);
      }
    }
  }
  return root;
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < n; j++) result[i * n + j]! += (a[i * n + k] as number) * (b[k * n + j] as number);
    }
  }
  return result;
}

/**
 * The energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely and Rizzo 2013) of two point sets, each taken for its
 * law (so that it is 0 for equal sets and never negative).
 *
 * @throws `shape-mismatch`, `invalid-argument`, `invalid-data`
 */
export function energyDistance(a: PointSet, b: PointSet): number {
  const width = checkPointSets("energyDistance", a, b, 1);
  const mean = (x: PointSet, y: PointSet): number =>
    sumOverPairs(x, y, width, Math.sqrt) / ((x.shape[0] as number) * (y.shape[0] as number));
  return 2 * mean(a, b) - mean(a, a) - mean(b, b);
}

export interface MmdOptions {
  /** Width s of the kernel exp(-|x - y|^2 / (2 s^2)). Default: the median distance of all pairs of points. */
  readonly bandwidth?: number;
  /** Whether pairs of a point with itself count: "biased" is never negative, "unbiased" is 0 on average. */
  readonly estimator?: "biased" | "unbiased";
}

const mmdSchema = v.strictObject({
  bandwidth: v.optional(schemas.positive()),
  estimator: v.optional(schemas.choice("biased", "unbiased"), "unbiased"),
});

/**
 * The squared maximum mean discrepancy (Gretton et al. 2012, eq. 3 and 5) with a Gaussian kernel. Default estimator
 * "unbiased".
 *
 * @throws `shape-mismatch`, `invalid-data`, `invalid-argument` for other options, or where all points are the same.
 */
export function maximumMeanDiscrepancy(a: PointSet, b: PointSet, options: MmdOptions = {}): number {
  const { estimator, ...given } = check("maximumMeanDiscrepancy", mmdSchema, options);
  const isBiased = estimator === "biased";
  const width = checkPointSets("maximumMeanDiscrepancy", a, b, isBiased ? 1 : 2);
  const bandwidth = given.bandwidth ?? medianDistance(a, b, width);
  if (!(bandwidth > 0)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `maximumMeanDiscrepancy: the bandwidth is ${bandwidth}; expected a positive number. Are all points the same?`,
    );
  }
  const kernel = (squared: number): number => Math.exp(-squared / (2 * bandwidth * bandwidth));
  const within = (x: PointSet): number => {
    const count = x.shape[0] as number;
    const all = sumOverPairs(x, x, width, kernel);
    return isBiased ? all / (count * count) : (all - count) / (count * (count - 1));
  };
  const [countA, countB] = [a.shape[0] as number, b.shape[0] as number];
  return within(a) + within(b) - (2 * sumOverPairs(a, b, width, kernel)) / (countA * countB);
}

/** The median of the distances of all pairs of different points of both sets together. */
export function medianDistance(a: PointSet, b: PointSet, width: number): number {
  const all: PointSet = {
    shape: [(a.shape[0] as number) + (b.shape[0] as number), width],
    data: Float64Array.from([...Array.from(a.data), ...Array.from(b.data)]),
  };
  const distances: number[] = [];
  for (let i = 0; i < (all.shape[0] as number); i++) {
    for (let j = 0; j < i; j++) distances.push(Math.sqrt(squaredDistance(all, i, all, j, width)));
  }
  distances.sort((x, y) => x - y);
  const middle = Math.floor(distances.length / 2);
  if (distances.length % 2 === 1) return distances[middle] as number;
  return ((distances[middle - 1] as number) + (distances[middle] as number)) / 2;
}
