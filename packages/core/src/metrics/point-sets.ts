import { DiffusionForcingError } from "../engine/errors.js";
import { formatShape } from "../engine/tensor/shape.js";
import { checkNumbers, type Numbers } from "./numbers.js";

/** N points of D numbers: a host tensor [N, D], or numbers of more precision. */
export type PointSet = Numbers;

/**
 * @returns D.
 * @throws `shape-mismatch` unless both are [N, D] with one D and at least `least` points, `invalid-argument` for what is
 *   no point set, `invalid-data` for numbers that are not finite.
 */
export function checkPointSets(what: string, a: PointSet, b: PointSet, least: number): number {
  checkNumbers(`${what}: the first set`, a);
  checkNumbers(`${what}: the second set`, b);
  const [countA = 0, widthA] = a.shape;
  const [countB = 0, widthB] = b.shape;
  if (a.shape.length !== 2 || b.shape.length !== 2 || widthA !== widthB || Math.min(countA, countB) < least) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `${what}: got ${formatShape(a.shape)} and ${formatShape(b.shape)}; expected [N, D] and [M, D] with at least ${least} points each.`,
    );
  }
  return widthA as number;
}

export function squaredDistance(a: PointSet, i: number, b: PointSet, j: number, width: number): number {
  let total = 0;
  for (let k = 0; k < width; k++) total += ((a.data[i * width + k] as number) - (b.data[j * width + k] as number)) ** 2;
  return total;
}

/** The sum of f(squared distance) over all pairs of a point of `a` and one of `b`. */
export function sumOverPairs(a: PointSet, b: PointSet, width: number, f: (squared: number) => number): number {
  let total = 0;
  for (let i = 0; i < (a.shape[0] as number); i++) {
    for (let j = 0; j < (b.shape[0] as number); j++) total += f(squaredDistance(a, i, b, j, width));
  }
  return total;
}
