import { erf } from "../reference/erf.js";

/** The standard normal distribution function. */
export function normalDistribution(x: number): number {
  return (1 + erf(x / Math.SQRT2)) / 2;
}

/** P(sqrt(n) D > x) for the largest distance D of two distribution functions, for large n (Kolmogorov 1933). */
function kolmogorovTail(x: number): number {
  if (x < 0.2) return 1;
  let total = 0;
  for (let k = 1; k <= 100; k++) total += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * (k * x) ** 2);
  return Math.min(Math.max(total, 0), 1);
}

/**
 * The Kolmogorov-Smirnov test of a sample against a distribution function: the probability of a distance as large as
 * found, if the sample follows it. With Stephens' correction for small samples.
 */
export function kolmogorovSmirnov(sample: ArrayLike<number>, distribution: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort();
  const count = sorted.length;
  let distance = 0;
  for (const [i, value] of sorted.entries()) {
    const expected = distribution(value);
    distance = Math.max(distance, expected - i / count, (i + 1) / count - expected);
  }
  return kolmogorovTail((Math.sqrt(count) + 0.12 + 0.11 / Math.sqrt(count)) * distance);
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
