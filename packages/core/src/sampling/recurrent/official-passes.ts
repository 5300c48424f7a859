import { DiffusionForcingError } from "../../engine/errors.js";
import type { MatrixShape } from "../matrix-shapes.js";

/** Level indices that each token lags behind the one before it. */
function uncertaintyOf(matrix: MatrixShape, steps: number): number {
  switch (matrix.name) {
    case "full-sequence":
      return 0;
    case "autoregressive":
      return steps;
    case "pyramid":
      return matrix.uncertainty;
    default:
      throw new DiffusionForcingError(
        "invalid-scheduling-matrix",
        `The paper's recurrent rollout has no ${matrix.name}; it has full-sequence, autoregressive and pyramid.`,
      );
  }
}

/**
 * The passes of the paper's rollout over a chunk of `tokens`: row by row, the level index 1..S from which each token
 * takes a step. Unlike in a scheduling matrix every token steps in every pass, waiting ones from S, finished ones from 1.
 */
export function officialPasses(matrix: MatrixShape, steps: number, tokens: number): number[][] {
  const uncertainty = uncertaintyOf(matrix, steps);
  return Array.from({ length: steps + Math.trunc(tokens * uncertainty) }, (_, pass) =>
    Array.from({ length: tokens }, (_, token) => {
      const done = Math.min(Math.max(pass - Math.trunc(token * uncertainty), 0), steps - 1);
      return steps - done;
    }),
  );
}
