import { normalQuantile } from "@diffusion-forcing/core/sampling";
import { solvePositive } from "./baselines.js";
import { type Factors, MOST_COLUMNS, MOST_FACTORS, type SeriesRecord } from "./record.js";
import type { SeriesTokens } from "./tokens.js";

/** Products that are added up: those of the last rows, about a second's. */
const MOST_PRODUCTS = 2 ** 28;
/** Tokens right before one that may have said it already: of a day in hours, sines of four frequencies. */
const PREDECESSORS = 8;
/** Rows that correlations count as having been seen without any: few rows of one's own say little. */
const PRIOR_ROWS = 50;

/**
 * The factors of tokens, a Gaussian copula of low rank (Salinas et al. 2019, "High-dimensional multivariate forecasting
 * with low-rank Gaussian copula processes"): the correlations of what the tokens of a moment have that neither the last
 * ones before them nor those `lags` moments back say, by ranks, as a change of ten deviations says no more of what goes
 * with what than one of three.
 *
 * @param width C, columns of a row.
 * @param context tokens that a forecast looks back on.
 */
export function factorsOf(
  tokens: SeriesTokens,
  width: number,
  { context, lags }: Pick<SeriesRecord, "context" | "lags">,
): Factors {
  if (width < 2 || width > MOST_COLUMNS) return [];
  const back = [...Array.from({ length: Math.min(context, PREDECESSORS) }, (_, i) => i + 1), ...lags];
  const perRow = width * Math.max(width, back.length ** 2);
  const count = tokens.values.length / width;
  const from = Math.max(0, count - Math.ceil(MOST_PRODUCTS / perRow));
  const scores = Array.from({ length: width }, (_, c) =>
    normalScores(innovations(columnOf(tokens, width, c), from, back)),
  );
  const correlation = scores.map((own, i) =>
    Float64Array.from(scores.slice(0, i + 1), (other, j) => (i === j ? 1 : correlationOf(own, other))),
  );
  return pivotedCholesky(correlation, MOST_FACTORS);
}
/** Correlations between columns, [C][C], as factors have them. */
export function correlationsOf(factors: Factors): Float64Array[] {
  return factors.map((own, i) =>
    Float64Array.from(factors, (other, j) =>
      i === j ? 1 : own.reduce((sum, x, r) => sum + x * (other[r] as number), 0),
    ),
  );
}

/** Variance of what is a column's alone. */
export function ownVariance(factors: readonly number[]): number {
  return Math.max(0, 1 - factors.reduce((sum, x) => sum + x * x, 0));
}

interface Column {
  /** Tokens; where one is not known, the last known one before it, or 0. */
  readonly carried: Float64Array;
  readonly isKnown: readonly boolean[];
}

function columnOf({ values, noise }: SeriesTokens, width: number, column: number): Column {
  const isKnown = Array.from({ length: values.length / width }, (_, row) => noise[row * width + column] === 0);
  let last = 0;
  const carried = Float64Array.from(isKnown, (known, row) => {
    if (known) last = values[row * width + column] as number;
    return last;
  });
  return { carried, isKnown };
}

/**
 * What the tokens of a column from row `from` on have that those so many rows `back` do not say, by least squares; NaN
 * where a token or the one before it is not known.
 */
function innovations({ carried, isKnown }: Column, from: number, back: readonly number[]): Float64Array {
  const first = Math.max(from, ...back);
  const rows = Array.from({ length: Math.max(0, carried.length - first) }, (_, i) => first + i).filter(
    (row) => isKnown[row] && isKnown[row - 1],
  );
  const at = (row: number): number => carried[row] as number;
  const gram = back.map(() => new Float64Array(back.length));
  const cross = back.map(() => new Float64Array(1));
  for (const row of rows) {
    for (const [i, lag] of back.entries()) {
      const x = at(row - lag);
      (cross[i] as Float64Array)[0]! += x * at(row);
      for (let j = 0; j <= i; j++) (gram[i] as Float64Array)[j]! += x * at(row - (back[j] as number));
    }
  }
  const weights = solvePositive(gram, cross).map(([weight]) => weight as number);
  const result = new Float64Array(carried.length).fill(Number.NaN);
  for (const row of rows)
    result[row] = at(row) - back.reduce((sum, lag, i) => sum + (weights[i] as number) * at(row - lag), 0);
  return result;
}

/** Normal quantiles in place of numbers of the same rank; NaN stays. */
function normalScores(values: Float64Array): Float64Array {
  const order = Array.from(values.keys()).filter((i) => !Number.isNaN(values[i]));
  order.sort((a, b) => (values[a] as number) - (values[b] as number));
  const scores = new Float64Array(values.length).fill(Number.NaN);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end] as number] === values[order[first] as number]) end++;
    // Equal numbers share the middle of their ranks.
    const score = normalQuantile((first + end) / 2 / order.length);
    for (; first < end; first++) scores[order[first] as number] = score;
  }
  return scores;
}

/** Of the rows that both have, drawn towards none. */
function correlationOf(a: Float64Array, b: Float64Array): number {
  let [count, product, squareA, squareB] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    if (Number.isNaN(x) || Number.isNaN(y)) continue;
    count++;
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  const size = Math.sqrt(squareA * squareB);
  return size === 0 ? 0 : ((count / (count + PRIOR_ROWS)) * product) / size;
}

/**
 * F of `rank` columns with F F^T near a correlation, of which the lower half is given: Cholesky's factors in the order of
 * what is left, whole where `rank` is (Harbrecht, Peters and Schneider 2012). Row sums of squares are at most 1.
 */
function pivotedCholesky(correlation: readonly Float64Array[], rank: number): number[][] {
  const n = correlation.length;
  const at = (i: number, j: number): number => correlation[Math.max(i, j)]?.[Math.min(i, j)] as number;
  const factors: number[][] = correlation.map(() => []);
  const left = new Float64Array(n).fill(1);
  for (let r = 0; r < Math.min(rank, n); r++) {
    const pivot = left.reduce((best, value, i) => (value > (left[best] as number) ? i : best), 0);
    const size = Math.sqrt(left[pivot] as number);
    if (!(size > 1e-6)) break;
    const own = factors[pivot] as number[];
    const column = factors.map((other, i) => {
      if ((left[i] as number) <= 0) return 0;
      const explained = other.reduce((sum, x, k) => sum + x * (own[k] as number), 0);
      const factor = i === pivot ? size : (at(i, pivot) - explained) / size;
      // Correlations that were seen on different rows may contradict each other.
      const most = Math.sqrt(left[i] as number);
      return Math.min(most, Math.max(-most, factor));
    });
    for (const [i, factor] of column.entries()) {
      (factors[i] as number[]).push(factor);
      left[i] = i === pivot ? 0 : Math.max(0, (left[i] as number) - factor * factor);
    }
  }
  return factors;
}
