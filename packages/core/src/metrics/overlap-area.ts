import { DiffusionForcingError } from "../engine/errors.js";
import { formatShape } from "../engine/tensor/shape.js";
import { checkNumbers, type Numbers } from "./numbers.js";

/**
 * The area that two histograms share, each as a distribution: the sum of the smaller of both in every bin, 1 for equal
 * distributions and 0 for those without a bin in common. 1 less the total variation distance.
 *
 * @param a counts or weights, none below 0, not all 0, [N]; `b` likewise.
 * @throws `shape-mismatch` for other or different shapes, `invalid-data`, `invalid-argument`
 */
export function overlapArea(a: Numbers, b: Numbers): number {
  const [left, right] = [distribution("the first histogram", a), distribution("the second histogram", b)];
  if (a.shape[0] !== b.shape[0] || a.shape.length !== 1 || b.shape.length !== 1) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `overlapArea: got ${formatShape(a.shape)} and ${formatShape(b.shape)}; expected two histograms [N] of the same bins.`,
    );
  }
  return left.reduce((area, share, bin) => area + Math.min(share, right[bin] as number), 0);
}

function distribution(what: string, histogram: Numbers): number[] {
  checkNumbers(`overlapArea: ${what}`, histogram);
  const weights = Array.from(histogram.data);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (weights.some((weight) => weight < 0) || !(total > 0)) {
    throw new DiffusionForcingError(
      "invalid-data",
      `overlapArea: ${what} holds a weight below 0, or nothing; expected at least one positive weight.`,
    );
  }
  return weights.map((weight) => weight / total);
}
