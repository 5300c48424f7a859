import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import type { NoiseProcess, ProcessConfig } from "../process.js";
import { MOST_LEVELS } from "../tables.js";
import { gaussianProcess } from "./gaussian-process.js";
import { defaultLimit, type EstimateLimit, limitSchema } from "./limit.js";
import { cleanObjective, flowObjective } from "./objective.js";
import { checkedPath } from "./path.js";

export interface FlowMatchingOptions {
  /** K. Default 1000. */
  readonly levels?: number;
  /**
   * Moves levels towards noise: t' = shift t / (1 + (shift - 1) t) (Esser et al. 2024, equation 23). Above 1 for large
   * frames, whose neighbouring pixels tell much of each other. Default 1.
   */
  readonly shift?: number;
  /** "flow", the velocity eps - x of the straight path, the default; or "x0", the clean token. */
  readonly objective?: "flow" | "x0";
  /** Largest absolute value of a noise draw. Default 20. */
  readonly noiseClip?: number;
  /** Limit of the clean estimate. Default {@link defaultLimit}. */
  readonly limit?: EstimateLimit;
}

const objectives = { flow: flowObjective, x0: cleanObjective };

const schema = v.strictObject({
  levels: v.optional(schemas.integer(1, MOST_LEVELS), 1000),
  shift: v.optional(schemas.positive(), 1),
  objective: v.optional(schemas.choice("flow", "x0"), "flow"),
  noiseClip: v.optional(schemas.positive(), 20),
  limit: v.optional(limitSchema, defaultLimit),
});

/**
 * Rectified flow (Liu et al. 2023; Lipman et al. 2023): the straight path x^k = (1 - t_k) x + t_k eps, t_k from 0 to 1.
 *
 * @throws `invalid-config`
 */
export function flowMatching(options: FlowMatchingOptions = {}): NoiseProcess {
  const { levels, shift, objective, noiseClip, limit } = check("flowMatching", schema, options, "invalid-config");
  const noise = Float64Array.from({ length: levels + 1 }, (_, k) => {
    const t = k / levels;
    return (shift * t) / (1 + (shift - 1) * t);
  });
  const path = checkedPath("flowMatching", { signal: noise.map((t) => 1 - t), noise });
  return gaussianProcess({
    config: { kind: "flow-matching", levels, shift, objective, noiseClip, limit },
    path,
    objective: objectives[objective](path),
    limit,
    noiseClip,
    priorScale: 1,
    lossWeighting: { kind: "uniform" },
  });
}

/** @throws `invalid-config` */
export function flowMatchingFromConfig({ kind: _, ...options }: ProcessConfig): NoiseProcess {
  return flowMatching(options);
}
