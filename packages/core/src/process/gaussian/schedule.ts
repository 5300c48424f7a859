import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import type { GaussianPath } from "../process.js";
import { MOST_LEVELS } from "../tables.js";
import { cosineBetas, linearBetas, sigmoidBetas } from "./betas.js";
import { checkedPath } from "./path.js";

/** Shape of the cosine schedule. */
export interface CosineOptions {
  /** Offset that keeps the first betas from vanishing; default 0.008. */
  readonly s?: number;
}

/** Shape of the sigmoid schedule. */
export interface SigmoidOptions {
  /** Where the logistic curve is entered; default -3. */
  readonly start?: number;
  /** Where it is left; default 3. */
  readonly end?: number;
  /** Temperature that flattens it; default 1. */
  readonly tau?: number;
}

/** A schedule as JSON: what bundles store and {@link scheduleFromConfig} reads. `levels` is K. */
export type NoiseScheduleConfig =
  | { readonly kind: "linear"; readonly levels: number }
  | { readonly kind: "cosine"; readonly levels: number; readonly s: number }
  | {
      readonly kind: "sigmoid";
      readonly levels: number;
      readonly start: number;
      readonly end: number;
      readonly tau: number;
    };

/**
 * How much noise each level of a variance-preserving process holds: q(x^k | x) = N(sqrt(alphaBar_k) x,
 * (1 - alphaBar_k) I), with k from 0 (clean) to K (noise only). Immutable plain data.
 */
export interface NoiseSchedule {
  readonly config: NoiseScheduleConfig;
  /** K, the number of noisy levels. */
  readonly levels: number;
  /** signal[k] = sqrt(alphaBar_k), noise[k] = sqrt(1 - alphaBar_k). */
  readonly path: GaussianPath;
}

/** beta of level k at index k - 1, K entries. */
export function betasOf(config: NoiseScheduleConfig): Float64Array {
  switch (config.kind) {
    case "linear":
      return linearBetas(config.levels);
    case "cosine":
      return cosineBetas(config.levels, config.s);
    case "sigmoid":
      return sigmoidBetas(config.levels, config.start, config.end, config.tau);
  }
}

/** alphaBar of levels 0..K from the betas of levels 1..K. */
function alphasCumprodOf(betas: Float64Array): Float64Array {
  const result = new Float64Array(betas.length + 1).fill(1);
  for (const [i, beta] of betas.entries()) result[i + 1] = (result[i] as number) * (1 - beta);
  return result;
}

function build(config: NoiseScheduleConfig): NoiseSchedule {
  const alphaBars = alphasCumprodOf(betasOf(config));
  const path = { signal: alphaBars.map(Math.sqrt), noise: alphaBars.map((alphaBar) => Math.sqrt(1 - alphaBar)) };
  return { config, levels: config.levels, path: checkedPath(`${config.kind} schedule`, path) };
}

const levels = (fewest: number) => schemas.integer(fewest, MOST_LEVELS);
const kinds = {
  /** With fewer levels the last beta, 20 / K, reaches 1 and nothing of the signal is left to divide by. */
  linear: v.strictObject({ kind: v.literal("linear"), levels: levels(21) }),
  cosine: v.strictObject({ kind: v.literal("cosine"), levels: levels(1), s: v.optional(schemas.number(0), 0.008) }),
  sigmoid: v.strictObject({
    kind: v.literal("sigmoid"),
    levels: levels(1),
    start: v.optional(schemas.number(), -3),
    end: v.optional(schemas.number(), 3),
    tau: v.optional(schemas.positive(), 1),
  }),
};

const optionsSchema = schemas.having<object>("options by name");

/**
 * Ho et al. 2020: betas equally spaced, from 0.1 / levels to 20 / levels.
 *
 * @param levels K, at least 21.
 * @throws `invalid-schedule`
 */
export function linearSchedule(levels: number): NoiseSchedule {
  return scheduleFromConfig({ kind: "linear", levels });
}

/**
 * Nichol and Dhariwal 2021: alphaBar_k proportional to cos^2(pi/2 (k/K + s) / (1 + s)), betas limited to 0.999.
 *
 * @throws `invalid-schedule`
 */
export function cosineSchedule(levels: number, options: CosineOptions = {}): NoiseSchedule {
  check("cosine schedule: the options", optionsSchema, options, "invalid-schedule");
  return scheduleFromConfig({ ...options, kind: "cosine", levels });
}

/**
 * Jabri et al. 2022: alphaBar_k falls along a logistic curve from `start` to `end`, betas limited to 0.999.
 *
 * @throws `invalid-schedule`
 */
export function sigmoidSchedule(levels: number, options: SigmoidOptions = {}): NoiseSchedule {
  check("sigmoid schedule: the options", optionsSchema, options, "invalid-schedule");
  return scheduleFromConfig({ ...options, kind: "sigmoid", levels });
}

/**
 * The schedule a stored configuration describes. Options may be left out and then take their defaults.
 *
 * @throws `invalid-schedule` for an unknown kind (the message lists the known ones), an unknown option, a bad value, or
 *   a shape so steep that its tables degenerate.
 */
export function scheduleFromConfig(config: unknown): NoiseSchedule {
  const kind = typeof config === "object" && config !== null && "kind" in config ? config.kind : undefined;
  if (typeof kind !== "string" || !Object.hasOwn(kinds, kind)) {
    throw new DiffusionForcingError(
      "invalid-schedule",
      `A noise schedule's kind is ${describe(kind)}; the known ones are ${Object.keys(kinds).join(", ")}.`,
    );
  }
  const known = check(`${kind} schedule`, kinds[kind as keyof typeof kinds], config, "invalid-schedule");
  if (known.kind === "sigmoid" && known.start >= known.end) {
    throw new DiffusionForcingError(
      "invalid-schedule",
      `sigmoid schedule: start is ${known.start} and end is ${known.end}; expected start below end.`,
    );
  }
  return build(known);
}
