import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatShape, sizeOf } from "../engine/tensor/shape.js";
import { checkNumbers, type Numbers } from "./numbers.js";

/** Samples of a forecast, [N, ...shape], and what happened, [...shape]. Scores are computed in float64. */
export interface Forecast {
  readonly samples: Numbers;
  readonly truth: Numbers;
}

/** Quantiles 0.05, 0.10, ..., 0.95, as the forecasting literature averages over. */
export const nineteenQuantiles: readonly number[] = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/**
 * The continuous ranked probability score of each element from samples (Gneiting and Raftery 2007, eq. 21):
 * mean |X - y| - mean |X - X'| / 2, the second mean over all ordered pairs of samples, those of a sample with itself
 * included. One sample scores its absolute error.
 *
 * @returns float64, one score for each element of `truth`, in its unit.
 * @throws `shape-mismatch`, `invalid-argument` for what is no forecast, `invalid-data` for numbers that are not finite.
 */
export function crps(forecast: Forecast): Float64Array {
  const count = checkForecast("crps", forecast);
  const { samples, truth } = forecast;
  const size = truth.data.length;
  return Float64Array.from(truth.data, (y, i) => {
    const sorted = Float64Array.from({ length: count }, (_, n) => samples.data[n * size + i] as number).sort();
    let [error, spread] = [0, 0];
    for (let n = 0; n < count; n++) {
      error += Math.abs((sorted[n] as number) - y);
      // Of all ordered pairs' distances, the n-th smallest value counts 2 n - N + 1 times either way.
      spread += (2 * n - count + 1) * (sorted[n] as number);
    }
    return error / count - spread / (count * count);
  });
}

/**
 * CRPS of the sum over the last axis: forecasts of many features [N, ..., C] are summed over these, and the mean of
 * {@link crps} over all elements is taken, in the unit of the data.
 *
 * @throws as {@link crps}
 */
export function crpsSum(forecast: Forecast): number {
  const scores = crps(sumFeatures("crpsSum", forecast));
  return scores.reduce((total, score) => total + score, 0) / scores.length;
}

/**
 * CRPS_sum by quantiles, as forecasting benchmarks report it (Salinas et al. 2019): the last axis is summed, the
 * quantile losses 2 |(q - [y <= z_q]) (y - z_q)| are added up over all elements, divided by the sum of |y|, and averaged
 * over the quantiles. z_q is the k-th smallest sample with k = floor(q N), without interpolation.
 *
 * The division makes scores of data sets in different units comparable, and leaves no score where every y is 0:
 * {@link crpsSum} has one there.
 *
 * @param quantiles between 0 and 1, both excluded.
 * @throws as {@link crps}; `invalid-argument` for other quantiles, or for so few samples that a quantile lies below the
 *   smallest; `invalid-data` if every y is 0.
 */
export function quantileCrpsSum(forecast: Forecast, quantiles: readonly number[] = nineteenQuantiles): number {
  const { samples, truth } = sumFeatures("quantileCrpsSum", forecast);
  const count = samples.shape[0] as number;
  const size = truth.data.length;
  const ranks = quantileRanks(quantiles, count);
  let [loss, scale] = [0, 0];
  for (const [i, y] of Array.from(truth.data).entries()) {
    const sorted = Float64Array.from({ length: count }, (_, n) => samples.data[n * size + i] as number).sort();
    scale += Math.abs(y);
    for (const [j, q] of quantiles.entries()) {
      const estimate = sorted[(ranks[j] as number) - 1] as number;
      loss += 2 * Math.abs((estimate - y) * ((y <= estimate ? 1 : 0) - q));
    }
  }
  if (scale === 0) {
    throw new DiffusionForcingError(
      "invalid-data",
      "quantileCrpsSum: the truth's sum over features is 0 everywhere, so that there is no scale to divide by; score it by crpsSum, which divides by none.",
    );
  }
  return loss / quantiles.length / scale;
}

/** floor(q N) of each quantile; a product that is whole but for its rounding (0.7 * 90 is 62.99...) counts as whole. */
function quantileRanks(quantiles: readonly number[], count: number): number[] {
  if (!Array.isArray(quantiles) || quantiles.length === 0 || !quantiles.every((q) => q > 0 && q < 1)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `quantileCrpsSum: the quantiles are ${describe(quantiles)}; expected numbers between 0 and 1.`,
    );
  }
  const ranks = quantiles.map((q) => {
    const nearest = Math.round(q * count);
    return Math.abs(q * count - nearest) < 1e-9 * count ? nearest : Math.floor(q * count);
  });
  const rarest = quantiles.reduce((least, q) => Math.min(least, q));
  if (ranks.some((rank) => rank < 1)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `quantileCrpsSum: ${count} samples do not have the quantiles ${describe(quantiles)}; draw at least ${Math.ceil(1 / rarest)} samples.`,
    );
  }
  return ranks;
}

/** The forecast of the sum over the last axis, in float64 held as data of the same layout. */
function sumFeatures(what: string, forecast: Forecast): Forecast {
  checkForecast(what, forecast);
  const { samples, truth } = forecast;
  const features = truth.shape.at(-1);
  if (features === undefined) {
    throw new DiffusionForcingError("shape-mismatch", "A sum over features needs a last axis; the truth is a scalar.");
  }
  const summed = ({ shape, data }: Numbers): Numbers => ({
    shape: shape.slice(0, -1),
    data: Float64Array.from({ length: data.length / features }, (_, i) => {
      let total = 0;
      for (let j = 0; j < features; j++) total += data[i * features + j] as number;
      return total;
    }),
  });
  return { samples: summed(samples), truth: summed(truth) };
}

/** @returns the number of samples. */
function checkForecast(what: string, forecast: Forecast): number {
  const { samples, truth } = forecast ?? {};
  checkNumbers(`${what}: samples`, samples);
  checkNumbers(`${what}: truth`, truth);
  const [count, ...rest] = samples.shape;
  if (count === undefined || count < 1 || rest.join() !== truth.shape.join()) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `${what}: samples ${formatShape(samples.shape)} and truth ${formatShape(truth.shape)}; expected samples [N, ...] of the truth's shape.`,
    );
  }
  if (sizeOf(truth.shape) === 0) throw new DiffusionForcingError("shape-mismatch", `${what}: there are no elements.`);
  return count;
}
