import { add, mul, sub } from "../../engine/graph/operations.js";
import { atLevel } from "../../process/tables.js";
import { pathOf } from "./path.js";
import type { Solver, SolverStep } from "./solver.js";

/**
 * Euler's method on the probability flow (Song et al. 2021b; Karras et al. 2022, equation 1, in the coordinates of any
 * path): x' = x + (alpha' - alpha) x_hat + (sigma' - sigma) eps_hat. On a straight path, where alpha = 1 - t and
 * sigma = t, that is x + (t' - t) velocity, the sampler of rectified flow. Of order 1. Where the estimate explains the
 * token exactly it equals deterministic `ddim`.
 */
export function euler(): Solver {
  return {
    config: { kind: "euler" },
    draws: 0,
    evaluations: 1,
    needsPath: true,
    step({ process, predict, x, from, to }: SolverStep) {
      const path = pathOf("euler", process);
      const rank = x.shape.length;
      const { clean, noise } = predict(x, from);
      const change = (table: Float64Array) => sub(atLevel(table, to, rank), atLevel(table, from, rank));
      return { x: add(x, add(mul(change(path.signal), clean), mul(change(path.noise), noise))) };
    },
  };
}
