import { DiffusionForcingError } from "../engine/errors.js";
import { erf } from "../engine/reference/erf.js";
import { normalDistribution } from "../engine/reference/normal-distribution.js";

export { normalDistribution };

/** P(sqrt(n) D > x) for the largest distance D of two distribution functions, for large n (Kolmogorov 1933). */
function kolmogorovTail(x: number): number {
  if (x < 0.2) return 1;
  let total = 0;
  for (let k = 1; k <= 100; k++) total += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * (k * x) ** 2);
  return Math.min(Math.max(total, 0), 1);
}

/** How far a sample's distribution function is from another, at most. */
export function kolmogorovSmirnovDistance(sample: ArrayLike<number>, distribution: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort();
  const count = sorted.length;
  let distance = 0;
  for (const [i, value] of sorted.entries()) {
    const expected = distribution(value);
    distance = Math.max(distance, expected - i / count, (i + 1) / count - expected);
  }
  return distance;
}

/**
 * The Kolmogorov-Smirnov test of a sample against a distribution function: the probability of a distance as large as
 * found, if the sample follows it. With Stephens' correction for small samples.
 */
export function kolmogorovSmirnov(sample: ArrayLike<number>, distribution: (x: number) => number): number {
  const root = Math.sqrt(sample.length);
  return kolmogorovTail((root + 0.12 + 0.11 / root) * kolmogorovSmirnovDistance(sample, distribution));
}

/** The two-sample Kolmogorov-Smirnov test: the probability of a distance as large as found, if the laws are one. */
export function kolmogorovSmirnovTwoSample(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  let [i, j, distance] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const next = Math.min(x[i] as number, y[j] as number);
    while (i < x.length && (x[i] as number) <= next) i++;
    while (j < y.length && (y[j] as number) <= next) j++;
    distance = Math.max(distance, Math.abs(i / x.length - j / y.length));
  }
  const effective = Math.sqrt((x.length * y.length) / (x.length + y.length));
  return kolmogorovTail((effective + 0.12 + 0.11 / effective) * distance);
}

/**
 * P(X > x) for X of the chi-square law with `degrees` degrees of freedom: Q(degrees / 2, x / 2) by the recurrence
 * Q(a + 1, y) = Q(a, y) + y^a e^-y / Gamma(a + 1) from Q(1/2, y) = erfc(sqrt(y)) or Q(1, y) = e^-y.
 */
export function chiSquareTail(x: number, degrees: number): number {
  if (x <= 0) return 1;
  const y = x / 2;
  const isOdd = degrees % 2 === 1;
  let tail = isOdd ? 1 - erf(Math.sqrt(y)) : Math.exp(-y);
  // The logarithm of the term, since e^-y alone would be nothing for many degrees.
  let logTerm = isOdd ? 0.5 * Math.log(y) - y - Math.log(Math.sqrt(Math.PI) / 2) : Math.log(y) - y;
  for (let a = isOdd ? 0.5 : 1; a < degrees / 2; a++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(y / (a + 1));
  }
  return Math.min(tail, 1);
}

/**
 * Pearson's chi-square test: the probability of counts as far from what is expected as these, for expected counts of 5
 * or more in every cell.
 *
 * @param shares probability of each cell; they add up to 1.
 */
export function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const sum = shares.reduce((all, share) => all + share, 0);
  if (counts.length < 2 || counts.length !== shares.length || Math.abs(sum - 1) > 1e-6) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `chiSquare: ${counts.length} counts and ${shares.length} shares of sum ${sum}; expected as many of both, at least 2, and shares that add up to 1.`,
    );
  }
  const rarest = Math.min(...shares) * total;
  if (!(rarest >= 5)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `chiSquare: a cell expects ${rarest} counts; expected at least 5. Join cells or draw more.`,
    );
  }
  const statistic = counts.reduce((all, count, i) => {
    const expected = (shares[i] as number) * total;
    return all + (count - expected) ** 2 / expected;
  }, 0);
  return chiSquareTail(statistic, counts.length - 1);
}
