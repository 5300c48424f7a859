import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import type { NoiseProcess, ProcessConfig } from "../process.js";
import { gaussianProcess } from "./gaussian-process.js";
import { defaultLimit, type EstimateLimit, limitSchema } from "./limit.js";
import { cleanObjective, noiseObjective, velocityObjective } from "./objective.js";
import { checkedPath } from "./path.js";
import { type NoiseSchedule, scheduleFromConfig } from "./schedule.js";

export interface VariancePreservingOptions {
  /**
   * What the network outputs: "v" = alpha eps - sigma x (Salimans and Ho 2022), the default; "noise" = eps (Ho et al.
   * 2020); "x0", the clean token.
   */
  readonly objective?: "noise" | "x0" | "v";
  /** Largest absolute value of a noise draw, and of a predicted one. Default 20. */
  readonly noiseClip?: number;
  /** Limit of the clean estimate. Default {@link defaultLimit}. */
  readonly limit?: EstimateLimit;
}

const objectives = { noise: noiseObjective, x0: cleanObjective, v: velocityObjective };

const scheduleSchema = schemas.having<NoiseSchedule>(
  "a noise schedule, such as cosineSchedule(1000)",
  "config",
  "path",
);

const schema = v.strictObject({
  objective: v.optional(schemas.choice("noise", "x0", "v"), "v"),
  noiseClip: v.optional(schemas.positive(), 20),
  limit: v.optional(limitSchema, defaultLimit),
});

/**
 * The process of DDPM and of Diffusion Forcing (Ho et al. 2020; Chen et al. 2024): x^k = sqrt(alphaBar_k) x
 * + sqrt(1 - alphaBar_k) eps, for data of about unit variance.
 *
 * @throws `invalid-config`
 */
export function variancePreserving(schedule: NoiseSchedule, options: VariancePreservingOptions = {}): NoiseProcess {
  const { objective, noiseClip, limit } = check("variancePreserving", schema, options, "invalid-config");
  const { config, path } = check("variancePreserving's schedule", scheduleSchema, schedule, "invalid-config");
  checkedPath("variancePreserving", path);
  return gaussianProcess({
    config: { kind: "variance-preserving", schedule: config, objective, noiseClip, limit },
    path,
    objective: objectives[objective](path),
    limit,
    noiseClip,
    priorScale: 1,
    lossWeighting: { kind: "min-snr", clip: 5 },
  });
}

/** @throws `invalid-config`, `invalid-schedule` */
export function variancePreservingFromConfig({ kind: _, schedule, ...options }: ProcessConfig): NoiseProcess {
  return variancePreserving(scheduleFromConfig(schedule), options);
}
