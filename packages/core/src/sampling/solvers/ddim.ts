import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { add, maximum, mul, sqrt, sub } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { noiseRemoved } from "../../process/gaussian/path.js";
import { atLevel } from "../../process/tables.js";
import { pathOf } from "./path.js";
import type { Solver, SolverStep, StepKernel } from "./solver.js";

export interface DdimOptions {
  /** 0, the default, is deterministic; 1 has the variance of DDPM (Song et al. 2021, equation 16). */
  readonly eta?: number;
}

const schema = v.strictObject({ eta: v.optional(schemas.number(0, 1), 0) });

/**
 * DDIM (Song et al. 2021, equation 12), every token from its own level to its own next level (Chen et al. 2024,
 * Algorithm 2): x' = alpha' x_hat + direction eps_hat + deviation z, with deviation^2 = eta^2 sigma'^2 (1 - SNR / SNR')
 * and direction^2 = sigma'^2 - deviation^2. The root is taken of sigma'^2 (1 - eta^2 (1 - SNR / SNR')), which rounding
 * cannot make negative.
 */
export function ddim(options: DdimOptions = {}): Solver {
  const { eta } = check("ddim", schema, options);
  function law({ process, predict, x, from, to }: Omit<SolverStep, "noise" | "memory">): StepKernel | undefined {
    if (eta === 0) return undefined;
    const path = pathOf("ddim", process);
    const rank = x.shape.length;
    const { clean, noise: predicted } = predict(x, from);
    const signal = mul(atLevel(path.signal, to, rank), clean);
    const noiseTo = atLevel(path.noise, to, rank);
    const { removed } = noiseRemoved(path, from, to, rank);
    const fresh = mul(removed, eta * eta);
    const direction = mul(noiseTo, sqrt(maximum(sub(1, fresh), 0)));
    return { mean: add(signal, mul(direction, predicted)), deviation: mul(noiseTo, sqrt(maximum(fresh, 0))) };
  }
  return {
    config: { kind: "ddim", eta },
    draws: eta > 0 ? 1 : 0,
    evaluations: 1,
    needsPath: true,
    law,
    step(step: SolverStep) {
      const random = law(step);
      if (random !== undefined) return { x: add(random.mean, mul(random.deviation, step.noise[0] as Value)) };
      const { process, predict, x, from, to } = step;
      const path = pathOf("ddim", process);
      const { clean, noise } = predict(x, from);
      const at = (table: Float64Array): Value => atLevel(table, to, x.shape.length);
      return { x: add(mul(at(path.signal), clean), mul(at(path.noise), noise)) };
    },
  };
}
