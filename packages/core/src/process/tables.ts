import { DiffusionForcingError } from "../engine/errors.js";
import { add, constant, div, exp, gather, mul, neg, reshape, sub, tanh } from "../engine/graph/operations.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import type { TensorType, Value } from "../engine/graph/value.js";
import { tensor } from "../engine/tensor/tensor.js";

/** The most levels a process may have: tables stay small, and a number out of a file cannot ask for gigabytes. */
export const MOST_LEVELS = 100_000;

/**
 * Entries of a [K + 1] table at each token's level, shaped to broadcast over tokens of `rank` axes.
 *
 * @param table computed in float64; rounded to float32 here.
 * @param levels int32 [B, T], 0..K.
 * @returns float32 [B, T, 1, ...], or [B, T] for rank 2.
 */
export function atLevel(table: Float64Array, levels: Value, rank: number): Value {
  if (rank < levels.shape.length) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `Noise levels ${formatType(levels)} do not fit tokens of ${rank} axes; expected levels [B, T] and tokens [B, T, ...].`,
    );
  }
  const trailing = new Array<number>(rank - levels.shape.length).fill(1);
  return reshape(gather(constant(tensor(Float32Array.from(table))), levels), [...levels.shape, ...trailing]);
}

/** The shape [B, T, 1, ...] in which one number for each token broadcasts over `tokens` [B, T, ...]. */
export function perToken(tokens: TensorType): number[] {
  return tokens.shape.map((size, axis) => (axis < 2 ? size : 1));
}

/**
 * exact[to] - exact[from] of a float64 table, [B, T, 1, ...] of `rank` axes. Neighbouring entries may differ in the last
 * digits of a float32 only, so the table is held as the sum of two.
 */
export function exactGap(exact: Float64Array, from: Value, to: Value, rank: number): Value {
  const high = exact.map(Math.fround);
  const low = exact.map((value, level) => value - (high[level] as number));
  const gap = (table: Float64Array): Value => sub(atLevel(table, to, rank), atLevel(table, from, rank));
  return add(gap(high), gap(low));
}

/** exp(-gap), and 1 - exp(-2 gap) without a difference of two nearly equal numbers; for gap from 0. */
export function keptAndRemoved(gap: Value): { kept: Value; removed: Value } {
  // 1 - exp(-2 g) = 2 tanh(g) / (1 + tanh(g)), which keeps its digits for small g.
  const slope = tanh(gap);
  return { kept: exp(neg(gap)), removed: div(mul(slope, 2), add(slope, 1)) };
}
