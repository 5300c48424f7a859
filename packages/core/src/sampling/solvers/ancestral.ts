import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { equal, reshape, where } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { stepDeviation } from "../../process/gaussian/transition.js";
import { perToken } from "../../process/tables.js";
import type { Solver, SolverStep } from "./solver.js";

export interface AncestralOptions {
  /**
   * The variance of a step's noise between its two bounds (Ho et al. 2020, section 3.2): 0, the default, is the
   * posterior's, exact for data that is a single point; 1 the forward process's, exact for normal data; values between
   * are interpolated in the logarithm (Nichol and Dhariwal 2021, equation 15). For Gaussian processes.
   */
  readonly variance?: number;
}

const schema = v.strictObject({ variance: v.optional(schemas.number(0, 1), 0) });

/**
 * Steps by the process's own law of a lower level given the estimate: DDPM (Ho et al. 2020, Algorithm 2) on Gaussian
 * paths, Bayesian updates for a Bayesian flow. The one solver that every process has.
 */
export function ancestral(options: AncestralOptions = {}): Solver {
  const { variance } = check("ancestral", schema, options);
  return {
    config: { kind: "ancestral", variance },
    draws: ({ draws = 1 }) => draws,
    evaluations: 1,
    needsPath: false,
    law({ process, predict, x, from, to }) {
      const found = process.posterior?.(predict(x, from).clean, x, from, to);
      if (found === undefined) return undefined;
      // Nothing is random about a token's last step.
      const isLast = reshape(equal(to, 0), perToken(x));
      return { mean: found.mean, deviation: where(isLast, 0, stepDeviation(found, { variance })) };
    },
    step({ process, predict, x, from, to, noise }: SolverStep) {
      const options = { variance, choices: noise.slice(1) };
      return { x: process.transition(x, predict(x, from), from, to, noise[0] as Value, options) };
    },
  };
}
