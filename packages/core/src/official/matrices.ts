import { DiffusionForcingError } from "../engine/errors.js";
import { type MatrixShape, schedulingMatrix, schedulingMatrixFromName } from "../sampling/plan/matrix-shapes.js";
import type { SchedulingMatrix } from "../sampling/plan/scheduling-matrix.js";

/**
 * The official matrix of that name. Its trapezoid has faults: the second half mirrors column 1 instead of column 0, for an
 * even number of tokens the middle one is never scheduled (its noise is fed as clean), and the last row is missing.
 */
export function officialMatrix(name: string, uncertainty: number, steps: number, tokens: number): SchedulingMatrix {
  if (name === "trapezoid") return trapezoidMatrix(steps, tokens, uncertainty);
  return schedulingMatrix(schedulingMatrixFromName(name.replaceAll("_", "-"), { uncertainty }), steps, tokens);
}

function trapezoidMatrix(steps: number, tokens: number, uncertainty: number): SchedulingMatrix {
  const half = Math.floor((tokens + 1) / 2);
  const delay = (token: number) => {
    if (token < half) return Math.trunc(token * uncertainty);
    // Mirrored onto column -t modulo tokens; the middle of an even number is reached from neither side and stays 0.
    const mirrored = tokens - token;
    return mirrored < half ? Math.trunc(mirrored * uncertainty) : Number.NEGATIVE_INFINITY;
  };
  const height = steps + Math.trunc(half * uncertainty);
  const rows = Array.from({ length: height }, (_, m) =>
    Int32Array.from({ length: tokens }, (_, token) => Math.min(Math.max(steps + delay(token) - m, 0), steps)),
  );
  return { steps, tokens, rows };
}

/** Level indices that each token lags behind the one before it. */
function uncertaintyOf(matrix: MatrixShape, steps: number): number {
  switch (matrix.kind) {
    case "full-sequence":
      return 0;
    case "autoregressive":
      return steps;
    case "pyramid":
      return matrix.uncertainty;
    default:
      throw new DiffusionForcingError(
        "invalid-scheduling-matrix",
        `The paper's recurrent rollout has no ${matrix.kind}; it has full-sequence, autoregressive and pyramid.`,
      );
  }
}

/**
 * The passes of the paper's recurrent rollout over a chunk of `tokens`: row by row, the level index 1..S from which each
 * token takes a step. Unlike in a scheduling matrix every token steps in every pass, waiting ones from S, finished ones
 * from 1.
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
