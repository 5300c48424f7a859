import { DiffusionForcingError } from "../../engine/errors.js";
import { cosineBetas, linearBetas, sigmoidBetas } from "./betas.js";
import { roundTables, type ScheduleTables, tablesFromBetas } from "./schedule-tables.js";

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

/** A schedule as JSON: what checkpoints store and {@link scheduleFromConfig} reads. `levels` is K. */
export type NoiseScheduleConfig =
  | { readonly name: "linear"; readonly levels: number }
  | { readonly name: "cosine"; readonly levels: number; readonly s: number }
  | {
      readonly name: "sigmoid";
      readonly levels: number;
      readonly start: number;
      readonly end: number;
      readonly tau: number;
    };

/**
 * How much noise each level holds: q(x^k | x0) = N(sqrt(alphaBar_k) x0, (1 - alphaBar_k) I), with k from 0 (clean)
 * to K (noise only). Immutable plain data.
 */
export interface NoiseSchedule {
  readonly name: NoiseScheduleConfig["name"];
  /** K, the number of noisy levels. */
  readonly levels: number;
  readonly config: NoiseScheduleConfig;
  /** beta of level k at index k - 1, K entries. */
  readonly betas: Float64Array;
  /** Tables as computed, K + 1 entries each, indexed by level. */
  readonly float64: ScheduleTables<Float64Array>;
  /** The same tables rounded to float32: the ones every formula uses. */
  readonly tables: ScheduleTables<Float32Array>;
}

function invalid(message: string): DiffusionForcingError {
  return new DiffusionForcingError("invalid-schedule", message);
}

function checkLevels(name: string, levels: number, fewest: number, why: string): void {
  if (!Number.isSafeInteger(levels) || levels < fewest) {
    throw invalid(`${name} schedule: levels is ${levels}; expected an integer of at least ${fewest}${why}.`);
  }
}

function build(config: NoiseScheduleConfig, betas: Float64Array): NoiseSchedule {
  const float64 = tablesFromBetas(betas);
  return { name: config.name, levels: config.levels, config, betas, float64, tables: roundTables(float64) };
}

/**
 * Ho et al. 2020: betas equally spaced, from 0.1 / levels to 20 / levels.
 *
 * @param levels K, at least 21: with fewer the last beta reaches 1 and nothing of the signal is left to divide by.
 * @throws `invalid-schedule`
 */
export function linearSchedule(levels: number): NoiseSchedule {
  checkLevels("linear", levels, 21, ", because the last beta is 20 / levels and must stay below 1");
  return build({ name: "linear", levels }, linearBetas(levels));
}

/**
 * Nichol and Dhariwal 2021: alphaBar_k proportional to cos^2(pi/2 (k/K + s) / (1 + s)), betas limited to 0.999.
 *
 * @throws `invalid-schedule`
 */
export function cosineSchedule(levels: number, options: CosineOptions = {}): NoiseSchedule {
  const { s = 0.008 } = options;
  checkLevels("cosine", levels, 1, "");
  if (!Number.isFinite(s) || s < 0) throw invalid(`cosine schedule: s is ${s}; expected a number of at least 0.`);
  return build({ name: "cosine", levels, s }, cosineBetas(levels, s));
}

/**
 * Jabri et al. 2022: alphaBar_k falls along a logistic curve from `start` to `end`, betas limited to 0.999.
 *
 * @throws `invalid-schedule`
 */
export function sigmoidSchedule(levels: number, options: SigmoidOptions = {}): NoiseSchedule {
  const { start = -3, end = 3, tau = 1 } = options;
  checkLevels("sigmoid", levels, 1, "");
  if (!Number.isFinite(start) || !Number.isFinite(end) || start >= end) {
    throw invalid(`sigmoid schedule: start is ${start} and end is ${end}; expected numbers with start below end.`);
  }
  if (!Number.isFinite(tau) || tau <= 0) throw invalid(`sigmoid schedule: tau is ${tau}; expected a positive number.`);
  return build({ name: "sigmoid", levels, start, end, tau }, sigmoidBetas(levels, start, end, tau));
}

type Fields = Readonly<Record<string, number>>;

const schedules: {
  readonly [Name in NoiseScheduleConfig["name"]]: {
    readonly options: readonly string[];
    readonly make: (levels: number, options: Fields) => NoiseSchedule;
  };
} = {
  linear: { options: [], make: (levels) => linearSchedule(levels) },
  cosine: { options: ["s"], make: cosineSchedule },
  sigmoid: { options: ["start", "end", "tau"], make: sigmoidSchedule },
};

/**
 * The schedule a stored configuration describes. Options may be left out and then take their defaults.
 *
 * @throws `invalid-schedule` for an unknown name (the message lists the known ones), an unknown option or a bad value.
 */
export function scheduleFromConfig(config: unknown): NoiseSchedule {
  if (typeof config !== "object" || config === null || !("name" in config)) {
    throw invalid(`A schedule's configuration is an object with a name and levels; got ${JSON.stringify(config)}.`);
  }
  const { name, levels, ...options } = config as Record<string, unknown>;
  if (typeof name !== "string" || !Object.hasOwn(schedules, name)) {
    const known = Object.keys(schedules).join(", ");
    throw invalid(`There is no noise schedule named ${JSON.stringify(name)}; the known ones are ${known}.`);
  }
  const schedule = schedules[name as NoiseScheduleConfig["name"]];
  for (const [option, value] of Object.entries(options)) {
    if (!schedule.options.includes(option)) {
      const known = ["levels", ...schedule.options].join(", ");
      throw invalid(`${name} schedule: there is no option ${option}; expected ${known}.`);
    }
    if (typeof value !== "number") {
      throw invalid(`${name} schedule: ${option} is ${JSON.stringify(value)}; expected a number.`);
    }
  }
  if (typeof levels !== "number") {
    throw invalid(`${name} schedule: levels is ${JSON.stringify(levels)}; expected an integer.`);
  }
  return schedule.make(levels, options as Fields);
}
