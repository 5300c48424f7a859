import { add, equal, mul, reshape, sub, where } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { atLevel, perToken } from "../../process/tables.js";
import { pathOf } from "./path.js";
import type { Solver, SolverStep } from "./solver.js";

/**
 * Heun's method on the probability flow dx = x_hat dalpha + eps_hat dsigma of any path (Karras et al. 2022, Algorithm 1
 * without churn, where alpha = 1; on a straight path the usual Heun step of its velocity): an Euler step, then the mean
 * of the slopes at both ends. A token's last step, to level 0, is Euler's, as there is no noise to estimate there. Of
 * order 2 for two evaluations a step.
 */
export function heun(): Solver {
  return {
    config: { kind: "heun" },
    draws: 0,
    evaluations: 2,
    needsPath: true,
    step({ process, predict, x, from, to }: SolverStep) {
      const path = pathOf("heun", process);
      const rank = x.shape.length;
      const change = (table: Float64Array) => sub(atLevel(table, to, rank), atLevel(table, from, rank));
      const [signal, noise] = [change(path.signal), change(path.noise)];
      const moved = (clean: Value, eps: Value): Value => add(x, add(mul(signal, clean), mul(noise, eps)));
      const first = predict(x, from);
      const eulerStep = moved(first.clean, first.noise);
      const second = predict(eulerStep, to);
      const mean = (a: Value, b: Value): Value => mul(add(a, b), 0.5);
      const isLast = reshape(equal(to, 0), perToken(x));
      return { x: where(isLast, eulerStep, moved(mean(first.clean, second.clean), mean(first.noise, second.noise))) };
    },
  };
}
