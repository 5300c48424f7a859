import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatShape, shapesEqual } from "../engine/tensor/shape.js";
import { checkNumbers, type Numbers } from "./numbers.js";

function checkAlike(what: string, a: Numbers, b: Numbers): void {
  checkNumbers(`${what}: the first`, a);
  checkNumbers(`${what}: the second`, b);
  if (shapesEqual(a.shape, b.shape) && a.data.length > 0) return;
  throw new DiffusionForcingError(
    "shape-mismatch",
    `${what}: got ${formatShape(a.shape)} and ${formatShape(b.shape)}; expected two of one shape.`,
  );
}

/**
 * Mean of the squared differences over all elements.
 *
 * @throws `shape-mismatch`, `invalid-argument` for what is no numbers, `invalid-data` for numbers that are not finite.
 */
export function meanSquaredError(a: Numbers, b: Numbers): number {
  checkAlike("meanSquaredError", a, b);
  return mse(a, b);
}

function mse(a: Numbers, b: Numbers): number {
  let total = 0;
  for (let i = 0; i < a.data.length; i++) total += ((a.data[i] as number) - (b.data[i] as number)) ** 2;
  return total / a.data.length;
}

/**
 * Peak signal-to-noise ratio, 10 log10(range^2 / MSE), in decibels; infinite for equal images.
 *
 * @param range distance of the darkest from the brightest value there can be: 2 for values in -1..1.
 * @throws as {@link meanSquaredError}; `invalid-argument` for a range that is not positive.
 */
export function psnr(a: Numbers, b: Numbers, range: number): number {
  checkAlike("psnr", a, b);
  check("psnr: range", schemas.positive(), range);
  return 10 * Math.log10(range ** 2 / mse(a, b));
}

export interface SsimOptions {
  /** As in {@link psnr}. */
  readonly range: number;
  /** Width of the Gaussian window, odd. Default 11. */
  readonly window?: number;
  /** Its standard deviation in pixels. Default 1.5. */
  readonly std?: number;
}

const optionsSchema = v.strictObject({
  range: schemas.positive(),
  window: v.optional(
    v.custom<number>((value) => Number.isSafeInteger(value) && (value as number) % 2 === 1, "an odd number"),
    11,
  ),
  std: v.optional(schemas.positive(), 1.5),
});

/**
 * Structural similarity (Wang et al. 2004), the mean over all images and all places at which the window fits inside.
 * K1 = 0.01 and K2 = 0.03.
 *
 * @param a and b [..., H, W].
 * @throws `shape-mismatch` for other or too small images, `invalid-argument` for other options, `invalid-data` for
 *   numbers that are not finite.
 */
export function ssim(a: Numbers, b: Numbers, options: SsimOptions): number {
  checkAlike("ssim", a, b);
  const { range, window, std } = check("ssim", optionsSchema, options);
  const [height = 0, width = 0] = a.shape.slice(-2);
  if (height < window || width < window) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `ssim: images ${formatShape(a.shape)} are smaller than the window ${window} x ${window}.`,
    );
  }
  const kernel = gaussian(window, std);
  const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2];
  const size = height * width;
  let [total, places] = [0, 0];
  for (let start = 0; start < a.data.length; start += size) {
    const x = Float64Array.from({ length: size }, (_, i) => a.data[start + i] as number);
    const y = Float64Array.from({ length: size }, (_, i) => b.data[start + i] as number);
    const smooth = (values: Float64Array): Float64Array => blurred(values, height, width, kernel);
    const [meanX, meanY] = [smooth(x), smooth(y)];
    const squareX = smooth(x.map((value) => value * value));
    const squareY = smooth(y.map((value) => value * value));
    const product = smooth(x.map((value, i) => value * (y[i] as number)));
    for (const [i, mx] of meanX.entries()) {
      const my = meanY[i] as number;
      const varianceX = (squareX[i] as number) - mx * mx;
      const varianceY = (squareY[i] as number) - my * my;
      const covariance = (product[i] as number) - mx * my;
      total += ((2 * mx * my + c1) * (2 * covariance + c2)) / ((mx * mx + my * my + c1) * (varianceX + varianceY + c2));
      places++;
    }
  }
  return total / places;
}

function gaussian(window: number, std: number): Float64Array {
  const weights = Float64Array.from({ length: window }, (_, i) =>
    Math.exp(-((i - (window - 1) / 2) ** 2) / (2 * std ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** The separable blur where the window lies inside: [H, W] -> [H - n + 1, W - n + 1]. */
function blurred(image: Float64Array, height: number, width: number, kernel: Float64Array): Float64Array {
  const n = kernel.length;
  const columns = width - n + 1;
  const rows = new Float64Array(height * columns);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < n; k++)
        rows[i * columns + j]! += (kernel[k] as number) * (image[i * width + j + k] as number);
    }
  }
  const result = new Float64Array((height - n + 1) * columns);
  for (let i = 0; i < height - n + 1; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < n; k++) {
        result[i * columns + j]! += (kernel[k] as number) * (rows[(i + k) * columns + j] as number);
      }
    }
  }
  return result;
}
