import { DiffusionForcingError } from "../../engine/errors.js";
import { add, constant, div, gather, mul, reshape, sub } from "../../engine/graph/operations.js";
import { formatType } from "../../engine/graph/ops/helpers.js";
import type { TensorType, Value } from "../../engine/graph/value.js";
import { tensor } from "../../engine/tensor/tensor.js";
import type { NoiseSchedule } from "./schedule.js";

// Every function here takes tokens float32 [B, T, ...] and their noise levels int32 [B, T], 0..K. Symbols: x0 the
// clean token, x the token at its level, eps the noise, v = sqrt(alphaBar) eps - sqrt(1 - alphaBar) x0.

/**
 * Entries of a [K + 1] table at each token's level, shaped to broadcast over tokens of `rank` axes.
 *
 * @param levels int32 [B, T], 0..K.
 * @returns float32 [B, T, 1, ...], or [B, T] for rank 2.
 */
export function atLevel(table: Float32Array, levels: Value, rank: number): Value {
  if (rank < levels.shape.length) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `Noise levels ${formatType(levels)} do not fit tokens of ${rank} axes; expected levels [B, T] and tokens [B, T, ...].`,
    );
  }
  const trailing = new Array<number>(rank - levels.shape.length).fill(1);
  return reshape(gather(constant(tensor(table)), levels), [...levels.shape, ...trailing]);
}

/** The shape [B, T, 1, ...] in which one number for each token broadcasts over `tokens` [B, T, ...]. */
export function perToken(tokens: TensorType): number[] {
  return tokens.shape.map((size, axis) => (axis < 2 ? size : 1));
}

/** The forward process (DDPM equation 4): x = sqrt(alphaBar) x0 + sqrt(1 - alphaBar) noise. Level 0 gives x0 itself. */
export function addNoise(schedule: NoiseSchedule, x0: Value, levels: Value, noise: Value): Value {
  const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = schedule.tables;
  const rank = x0.shape.length;
  return add(
    mul(atLevel(sqrtAlphasCumprod, levels, rank), x0),
    mul(atLevel(sqrtOneMinusAlphasCumprod, levels, rank), noise),
  );
}

/** Mean [B, T, ...], variance and log variance [B, T, 1, ...] of q(x^k | x0). */
export function forwardMoments(
  schedule: NoiseSchedule,
  x0: Value,
  levels: Value,
): { mean: Value; variance: Value; logVariance: Value } {
  const { sqrtAlphasCumprod, alphasCumprod, logOneMinusAlphasCumprod } = schedule.tables;
  const rank = x0.shape.length;
  return {
    mean: mul(atLevel(sqrtAlphasCumprod, levels, rank), x0),
    variance: sub(1, atLevel(alphasCumprod, levels, rank)),
    logVariance: atLevel(logOneMinusAlphasCumprod, levels, rank),
  };
}

/** x0 = sqrt(1 / alphaBar) x - sqrt(1 / alphaBar - 1) eps. */
export function x0FromNoise(schedule: NoiseSchedule, x: Value, levels: Value, noise: Value): Value {
  const { sqrtReciprocalAlphasCumprod, sqrtReciprocalAlphasCumprodMinusOne } = schedule.tables;
  const rank = x.shape.length;
  return sub(
    mul(atLevel(sqrtReciprocalAlphasCumprod, levels, rank), x),
    mul(atLevel(sqrtReciprocalAlphasCumprodMinusOne, levels, rank), noise),
  );
}

/**
 * eps = (sqrt(1 / alphaBar) x - x0) / sqrt(1 / alphaBar - 1), the inverse of {@link x0FromNoise}. At level 0, where x
 * holds no noise, the divisor is taken as 1: the result stays finite, and is 0 for x = x0.
 */
export function noiseFromX0(schedule: NoiseSchedule, x: Value, levels: Value, x0: Value): Value {
  const divisor = schedule.tables.sqrtReciprocalAlphasCumprodMinusOne.slice();
  divisor[0] = 1;
  const rank = x.shape.length;
  const difference = sub(mul(atLevel(schedule.tables.sqrtReciprocalAlphasCumprod, levels, rank), x), x0);
  return div(difference, atLevel(divisor, levels, rank));
}

/** v = sqrt(alphaBar) eps - sqrt(1 - alphaBar) x0 (Salimans and Ho 2022). */
export function velocity(schedule: NoiseSchedule, x0: Value, levels: Value, noise: Value): Value {
  const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = schedule.tables;
  const rank = x0.shape.length;
  return sub(
    mul(atLevel(sqrtAlphasCumprod, levels, rank), noise),
    mul(atLevel(sqrtOneMinusAlphasCumprod, levels, rank), x0),
  );
}

/** x0 = sqrt(alphaBar) x - sqrt(1 - alphaBar) v. */
export function x0FromVelocity(schedule: NoiseSchedule, x: Value, levels: Value, v: Value): Value {
  const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = schedule.tables;
  const rank = x.shape.length;
  return sub(
    mul(atLevel(sqrtAlphasCumprod, levels, rank), x),
    mul(atLevel(sqrtOneMinusAlphasCumprod, levels, rank), v),
  );
}

/** q(x^{k-1} | x^k, x0) (DDPM equations 6 and 7): mean [B, T, ...], variance and log variance [B, T, 1, ...]. */
export function posterior(
  schedule: NoiseSchedule,
  x0: Value,
  x: Value,
  levels: Value,
): { mean: Value; variance: Value; logVariance: Value } {
  const { posteriorMeanFactorX0, posteriorMeanFactorNoisy, posteriorVariance, posteriorLogVariance } = schedule.tables;
  const rank = x.shape.length;
  return {
    mean: add(
      mul(atLevel(posteriorMeanFactorX0, levels, rank), x0),
      mul(atLevel(posteriorMeanFactorNoisy, levels, rank), x),
    ),
    variance: atLevel(posteriorVariance, levels, rank),
    logVariance: atLevel(posteriorLogVariance, levels, rank),
  };
}
