import {
  add,
  cast,
  div,
  equal,
  exp,
  maximum,
  mul,
  neg,
  not,
  reshape,
  sub,
  where,
} from "../../engine/graph/operations.js";
import type { TensorType, Value } from "../../engine/graph/value.js";
import { logRatioGap } from "../../process/gaussian/path.js";
import { atLevel, perToken } from "../../process/tables.js";
import { pathOf } from "./path.js";
import type { Solver, SolverStep } from "./solver.js";

/**
 * DPM-Solver++(2M) (Lu et al. 2022b, Algorithm 2): second order in the log ratio lambda = log(alpha / sigma) by the
 * previous estimate of the clean token. With h the step's length in lambda, r = h_previous / h and
 * D = (1 + 1 / (2 r)) x_hat - 1 / (2 r) x_hat_previous: x' = (sigma' / sigma) x + alpha' (1 - exp(-h)) D.
 *
 * The history is kept per token, since every token is at a level of its own and starts in a row of its own: its first
 * step is of first order (DDIM), and so is its last, to level 0, where h is infinite.
 */
export function dpmSolverPlusPlus(): Solver {
  return {
    config: { kind: "dpm-solver++", order: 2 },
    draws: 0,
    evaluations: 1,
    needsPath: true,
    memory: ({ shape }: TensorType) => ({
      clean: { dtype: "float32", shape },
      // The level of the previous step; 0 before the first, since no step starts there.
      level: { dtype: "int32", shape: shape.slice(0, 2) },
    }),
    step({ process, predict, x, from, to, memory }: SolverStep) {
      const path = pathOf("dpmSolverPlusPlus", process);
      const rank = x.shape.length;
      const [previous, before] = [memory.clean as Value, memory.level as Value];
      const { clean } = predict(x, from);
      const h = logRatioGap(path, from, to, rank);
      const hPrevious = logRatioGap(path, before, from, rank);
      const isSecondOrder = reshape(
        mul(cast(not(equal(before, 0)), "float32"), cast(not(equal(to, 0)), "float32")),
        perToken(x),
      );
      // 1 / (2 r), 0 for a step of first order.
      const weight = mul(isSecondOrder, div(mul(h, 0.5), maximum(hPrevious, 1e-6)));
      const estimate = add(clean, mul(weight, sub(clean, previous)));
      const kept = exp(neg(h)); // sigma' alpha / (sigma alpha')
      const noisePart = mul(atLevel(path.noise, to, rank), atLevel(inverse(path.noise), from, rank));
      const moved = add(mul(noisePart, x), mul(mul(atLevel(path.signal, to, rank), sub(1, kept)), estimate));
      const isLast = reshape(equal(to, 0), perToken(x));
      return { x: where(isLast, clean, moved), memory: { clean, level: from } };
    },
  };
}

const inverse = (table: Float64Array): Float64Array => table.map((value) => (value === 0 ? 0 : 1 / value));
