import { nineteenQuantiles, quantileCrpsSum } from "@diffusion-forcing/core/metrics";
import { mean, pairedRatio } from "../intervals.js";
import type { Estimate } from "../task.js";

/** Forecasts of one window beside what happened. */
export interface ScoredWindow {
  /** [N * H * C] */
  readonly samples: Float64Array;
  /** [H * C]; NaN where it is not known. */
  readonly truth: Float64Array;
}

/** Scores over windows. */
export interface SeriesScores {
  /** CRPS_sum: quantile losses of the sum over the series, relative to the sum's absolute size. */
  readonly crpsSum: Estimate;
  /** The same of each series by itself. */
  readonly crps: Readonly<Record<string, number>>;
  /** Of the series of a moment, in the data's units. */
  readonly energyScore: Estimate;
  /** Of the median, over all series and moments, in the data's units. */
  readonly mae: Estimate;
  readonly rmse: number;
  /** Shares of values within the central 50 and 90 % of the samples. */
  readonly coverage50: Estimate;
  readonly coverage90: Estimate;
}

/**
 * Scores of forecasts by rolling windows. Intervals take windows as the trials: values of one window are none. Moments
 * of which a value is not known count for no sum and no energy score.
 *
 * @param quantiles of CRPS; the benchmarks' 19 by default.
 */
export function scoreWindows(
  columns: readonly string[],
  windows: readonly ScoredWindow[],
  quantiles: readonly number[] = nineteenQuantiles,
): SeriesScores {
  const width = columns.length;
  const parts = windows.map((window) => scoreWindow(window, width, quantiles));
  const ratio = (pick: (part: WindowScores) => QuantileLoss): Estimate =>
    pairedRatio(
      parts.map((part) => pick(part).loss),
      parts.map((part) => pick(part).scale),
    );
  const crps = columns.map(
    (column, c) => [column, ratio(({ features }) => features[c] as QuantileLoss).value] as const,
  );
  const averages = (pick: (part: WindowScores) => number): Estimate => mean(parts.map(pick));
  return {
    crpsSum: ratio(({ sum }) => sum),
    crps: Object.fromEntries(crps),
    energyScore: averages(({ energy }) => energy),
    mae: averages(({ absolute }) => absolute),
    rmse: Math.sqrt(averages(({ squared }) => squared).value),
    coverage50: averages(({ within50 }) => within50),
    coverage90: averages(({ within90 }) => within90),
  };
}

interface QuantileLoss {
  readonly loss: number;
  readonly scale: number;
}

interface WindowScores {
  readonly sum: QuantileLoss;
  readonly features: readonly QuantileLoss[];
  readonly energy: number;
  readonly absolute: number;
  readonly squared: number;
  readonly within50: number;
  readonly within90: number;
}

function scoreWindow({ samples, truth }: ScoredWindow, width: number, quantiles: readonly number[]): WindowScores {
  const size = truth.length;
  const count = samples.length / size;
  const known = (at: number): boolean => Number.isFinite(truth[at]);
  const moments = Array.from({ length: size / width }, (_, h) => h);
  const whole = moments.filter((h) => Array.from({ length: width }, (_, c) => known(h * width + c)).every(Boolean));
  /** CRPS by quantiles of some moments and columns, as a sum. */
  const lossOf = (rows: readonly number[], features: readonly number[]): QuantileLoss => {
    const places = rows.flatMap((h) => features.map((c) => h * width + c));
    const scale = rows.reduce(
      (total, h) => total + Math.abs(features.reduce((sum, c) => sum + (truth[h * width + c] as number), 0)),
      0,
    );
    if (scale === 0) return { loss: 0, scale: 0 };
    const shape = [rows.length, features.length];
    const picked = Float64Array.from({ length: count * places.length }, (_, i) => {
      const n = Math.floor(i / places.length);
      return samples[n * size + (places[i % places.length] as number)] as number;
    });
    const score = quantileCrpsSum(
      {
        samples: { shape: [count, ...shape], data: picked },
        truth: { shape, data: Float64Array.from(places, (at) => truth[at] as number) },
      },
      quantiles,
    );
    return { loss: score * scale, scale };
  };
  const columns = Array.from({ length: width }, (_, c) => c);
  let [values, absolute, squared, within50, within90] = [0, 0, 0, 0, 0];
  for (let at = 0; at < size; at++) {
    if (!known(at)) continue;
    const sorted = Float64Array.from({ length: count }, (_, n) => samples[n * size + at] as number).sort();
    const y = truth[at] as number;
    const error = quantileOf(sorted, 0.5) - y;
    values++;
    absolute += Math.abs(error);
    squared += error * error;
    if (y >= quantileOf(sorted, 0.25) && y <= quantileOf(sorted, 0.75)) within50++;
    if (y >= quantileOf(sorted, 0.05) && y <= quantileOf(sorted, 0.95)) within90++;
  }
  const share = (total: number): number => total / Math.max(1, values);
  return {
    sum: lossOf(whole, columns),
    features: columns.map((c) =>
      lossOf(
        moments.filter((h) => known(h * width + c)),
        [c],
      ),
    ),
    energy: whole.reduce((total, h) => total + energyScore(samples, truth, h, width), 0) / Math.max(1, whole.length),
    absolute: share(absolute),
    squared: share(squared),
    within50: share(within50),
    within90: share(within90),
  };
}

/** A quantile of sorted numbers, with linear interpolation (type 7 of Hyndman and Fan 1996). */
export function quantileOf(sorted: ArrayLike<number>, q: number): number {
  const at = q * (sorted.length - 1);
  const [low, high] = [Math.floor(at), Math.ceil(at)];
  return (sorted[low] as number) + (at - low) * ((sorted[high] as number) - (sorted[low] as number));
}

/** E |X - y| - E |X - X'| / 2 (Gneiting and Raftery 2007, eq. 22) of the vector of a moment. */
function energyScore(samples: Float64Array, truth: Float64Array, h: number, width: number): number {
  const size = truth.length;
  const count = samples.length / size;
  const distance = (at: (c: number) => number, n: number): number => {
    let squares = 0;
    for (let c = 0; c < width; c++) squares += ((samples[n * size + h * width + c] as number) - at(c)) ** 2;
    return Math.sqrt(squares);
  };
  let [error, spread] = [0, 0];
  for (let n = 0; n < count; n++) {
    error += distance((c) => truth[h * width + c] as number, n);
    for (let m = 0; m < n; m++) spread += distance((c) => samples[m * size + h * width + c] as number, n);
  }
  return error / count - spread / (count * count);
}
