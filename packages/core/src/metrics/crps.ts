import { DiffusionForcingError } from "../engine/errors.js";
import { formatShape, type Shape, sizeOf } from "../engine/tensor/shape.js";

/** Samples of a forecast, float32 [N, ...shape], and what happened, float32 [...shape]. Reckoned in float64. */
export interface Forecast {
  readonly samples: Numbers;
  readonly truth: Numbers;
}

/** A host tensor, or numbers of more precision. */
interface Numbers {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/** Quantiles 0.05, 0.10, ..., 0.95, as the forecasting literature averages over. */
export const nineteenQuantiles: readonly number[] = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/**
 * The continuous ranked probability score of each element from samples (Gneiting and Raftery 2007, eq. 21):
 * mean |X - y| - mean |X - X'| / 2, the second mean over all ordered pairs of samples, those of a sample with itself
 * included. One sample scores its absolute error.
 *
 * @returns float64, one score for each element of `truth`.
 * @throws `shape-mismatch`
 */
export function crps({ samples, truth }: Forecast): Float64Array {
  const count = checkForecast(samples, truth);
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

/** The mean of {@link crps} over all elements, of forecasts whose last axis was summed first: CRPS of the sum. */
export function crpsOfSum(forecast: Forecast): number {
  const scores = crps(sumFeatures(forecast));
  return scores.reduce((total, score) => total + score, 0) / scores.length;
}

/**
 * CRPS_sum by quantiles, as forecasting benchmarks report it (Salinas et al. 2019): the last axis is summed, the
 * quantile losses 2 |(q - [y <= z_q]) (y - z_q)| are added up over all elements, divided by the sum of |y|, and averaged
 * over the quantiles. z_q is the k-th smallest sample with k = floor(q N), without interpolation.
 *
 * @throws `invalid-argument` for so few samples that a quantile is below the smallest.
 */
export function quantileCrpsOfSum(forecast: Forecast, quantiles: readonly number[] = nineteenQuantiles): number {
  const { samples, truth } = sumFeatures(forecast);
  const count = samples.shape[0] as number;
  const size = truth.data.length;
  const ranks = quantiles.map((q) => Math.floor(q * count));
  if (ranks.some((rank) => rank < 1 || rank > count)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `quantileCrpsOfSum: ${count} samples do not have the quantiles ${quantiles.join(", ")}; draw at least ${Math.ceil(1 / Math.min(...quantiles))} samples.`,
    );
  }
  let [loss, scale] = [0, 0];
  for (const [i, y] of Array.from(truth.data).entries()) {
    const sorted = Float64Array.from({ length: count }, (_, n) => samples.data[n * size + i] as number).sort();
    scale += Math.abs(y);
    for (const [j, q] of quantiles.entries()) {
      const estimate = sorted[(ranks[j] as number) - 1] as number;
      loss += 2 * Math.abs((estimate - y) * ((y <= estimate ? 1 : 0) - q));
    }
  }
  return loss / quantiles.length / scale;
}

/** The forecast of the sum over the last axis, in float64 held as data of the same layout. */
function sumFeatures({ samples, truth }: Forecast): Forecast {
  checkForecast(samples, truth);
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
function checkForecast(samples: Numbers, truth: Numbers): number {
  const [count, ...rest] = samples.shape;
  if (count === undefined || count < 1 || rest.join() !== truth.shape.join()) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `CRPS: samples ${formatShape(samples.shape)} and truth ${formatShape(truth.shape)}; expected samples [N, ...] of the truth's shape.`,
    );
  }
  if (sizeOf(truth.shape) === 0) throw new DiffusionForcingError("shape-mismatch", "CRPS: there are no elements.");
  return count;
}
