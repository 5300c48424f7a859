import type { Estimate } from "./task.js";

/** The 97.5 % quantile of the standard normal distribution. */
const quantile = 1.959963984540054;

/** A proportion with Wilson's score interval (Wilson 1927), which stays sensible at 0 and 1. NaN for no trials. */
export function proportion(successes: number, trials: number): Estimate {
  if (trials === 0) return { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  const share = successes / trials;
  const z2 = quantile * quantile;
  const centre = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const spread =
    (quantile * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials))) / (1 + z2 / trials);
  return { value: share, low: Math.max(0, centre - spread), high: Math.min(1, centre + spread) };
}

/** A mean with its normal interval; infinitely wide for fewer than two values. */
export function mean(values: readonly number[]): Estimate {
  return interval(average(values), values);
}

/**
 * Ratio of two sums over the same trials, with the interval of the delta method for paired ratios: the spread of
 * numerator - ratio * denominator, per trial, over the mean denominator.
 */
export function pairedRatio(numerators: readonly number[], denominators: readonly number[]): Estimate {
  const denominator = average(denominators);
  const ratio = average(numerators) / denominator;
  const residuals = numerators.map((value, index) => (value - ratio * (denominators[index] ?? 0)) / denominator);
  return interval(ratio, residuals);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** `value` plus or minus the standard error of the mean of `spread`, times the quantile. */
function interval(value: number, spread: readonly number[]): Estimate {
  if (spread.length < 2) return { value, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const centre = average(spread);
  const variance = spread.reduce((sum, item) => sum + (item - centre) ** 2, 0) / (spread.length - 1);
  const half = quantile * Math.sqrt(variance / spread.length);
  return { value, low: value - half, high: value + half };
}
