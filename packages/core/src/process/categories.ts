import { add, cast, div, equal, erf, log, max, maximum, minimum, mul, neg, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";

/** The standard normal distribution function. */
export function normalShare(x: Value): Value {
  return mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
}

/**
 * A draw from each row of probabilities [..., K], as one-hot rows: with -log U standard exponential, the least of
 * -log U / p belongs to k with probability p_k.
 *
 * @param noise standard normal, [..., K].
 */
export function drawnCategory(probabilities: Value, noise: Value): Value {
  // Below 1, to which float32 rounds the share of noise from 5.4 on: its logarithm, 0, would win whatever its probability.
  const uniform = minimum(maximum(normalShare(noise), 1e-7), 1 - 2 ** -24);
  return largest(div(log(uniform), maximum(probabilities, 1e-30)));
}

/** One-hot rows of the largest entries of [..., K]; equal ones share. */
export function largest(scores: Value): Value {
  const isLargest = cast(equal(scores, max(scores, -1, true)), "float32");
  return div(isLargest, sum(isLargest, -1, true));
}

/** -log of the probability of the true category, from rows of probabilities and one-hot rows, [...]. */
export function surprise(probabilities: Value, truth: Value): Value {
  return neg(log(maximum(sum(mul(probabilities, truth), -1), 1e-30)));
}
