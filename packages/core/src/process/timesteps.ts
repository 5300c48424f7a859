import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";

/**
 * The noise levels that sampling in `steps` steps visits: entry i is the level of index i in a scheduling matrix,
 * from 0 (clean) at index 0 to `levels` (noise only) at index `steps`, strictly rising.
 *
 * Entries are spaced equally and rounded down in float32, step for step as the official implementation does (each
 * entry one fused multiply-add, the second half counted from the end): in about one of twenty combinations some entry
 * is then one lower than exact arithmetic gives.
 *
 * @param levels K of the noise schedule.
 * @param steps S, 1..K.
 * @returns S + 1 levels.
 * @throws `invalid-argument`
 */
export function timestepLevels(levels: number, steps: number): Int32Array {
  if (!Number.isSafeInteger(levels) || !Number.isSafeInteger(steps) || steps < 1 || steps > levels) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `timestepLevels: ${describe(steps)} steps over ${describe(levels)} levels; expected integers with 1 <= steps <= levels.`,
    );
  }
  // The official code counts levels from -1 (clean) to K - 1. The rounding happens on that scale, so it is kept here.
  const start = -1;
  const end = levels - 1;
  const step = Math.fround((end - start) / steps);
  return Int32Array.from({ length: steps + 1 }, (_, i) => {
    // step has 24 significant bits and i few: the product and the sum are exact in float64, so fround is the only rounding.
    const exact = i < Math.floor((steps + 1) / 2) ? start + step * i : end - step * (steps - i);
    return Math.trunc(Math.fround(exact)) + 1;
  });
}
