import * as v from "valibot";
import { gradient } from "../../engine/autodiff/index.js";
import { check, schemas } from "../../engine/check.js";
import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import { broadcastTo, cast, equal, floor, mul, reshape, sum, where } from "../../engine/graph/operations.js";
import { formatType } from "../../engine/graph/ops/helpers.js";
import { isValue, type TensorType, type Value } from "../../engine/graph/value.js";
import { isFloat64Array } from "../../engine/typed-array-name.js";
import type { NoiseProcess, ValueRange } from "../../process/process.js";
import { perToken } from "../../process/tables.js";
import type { CombinedInputs, Estimator } from "./combined-estimate.js";

/**
 * Steering by a gradient: `reward` says how good a denoised sequence is, and every step moves the estimate of the clean
 * tokens up its slope, taken through the network (classifier guidance, Dhariwal and Nichol 2021, here per token and in
 * terms of the clean estimate, as Ho et al. 2022b: the move stays bounded at levels that hold hardly any signal).
 */
export interface Guidance {
  /**
   * The reward of each sample, float32 [B], larger is better, from the estimate of the clean sequence [B, T, ...].
   * Scales are per sample: the gradient of one sample's reward does not depend on the batch size.
   */
  readonly reward: (clean: Value, inputs: Readonly<Record<string, Value>>) => Value;
  /** Factor of the reward; default 1. Twice the scale moves samples about twice as far, up to what the model allows. */
  readonly guidanceScale?: number;
  /** Further graph inputs of `reward` (goals, weights), given at every step; the first axis is the batch. */
  readonly inputs?: (batch: number, length: number) => Readonly<Record<string, TensorType>>;
  /**
   * How many sampled futures the gradient is averaged over (Monte Carlo guidance, Chen et al. 2024). Each future is
   * one stochastic denoising of the partly noised sequence to half of every token's level, so tokens that are still
   * noisy vary most. 1 differentiates the single deterministic estimate instead. Default 4.
   */
  readonly samples?: number;
  /**
   * How far a unit slope of the reward by the noisy token moves the clean estimate, at each level 0..K. Default: the
   * process's `guidanceGain`.
   */
  readonly gain?: (process: NoiseProcess) => Float64Array;
}

const schema = v.strictObject({
  reward: schemas.function<Guidance["reward"]>(),
  guidanceScale: v.optional(schemas.number(), 1),
  inputs: v.optional(schemas.function<NonNullable<Guidance["inputs"]>>()),
  samples: v.optional(schemas.integer(1, 1024), 4),
  gain: v.optional(schemas.function<NonNullable<Guidance["gain"]>>()),
});

const typeSchema = v.looseObject({
  dtype: schemas.choice("float32", "int32", "bool"),
  shape: v.array(schemas.integer(0), "an array of whole numbers"),
});

/** @throws `invalid-argument` for what is no guidance. */
export function checkGuidance(guidance: Guidance): void {
  check("guidance", schema, guidance);
}

/** The types of the guidance's inputs. @throws `invalid-argument`, `shape-mismatch` for those without the batch as first axis. */
export function guidanceInputTypes(
  guidance: Guidance | undefined,
  batch: number,
  length: number,
): Readonly<Record<string, TensorType>> {
  const types = guidance?.inputs?.(batch, length) ?? {};
  for (const [name, type] of Object.entries(types)) {
    const { dtype, shape } = check(`Guidance: inputs(): "${name}"`, typeSchema, type) as TensorType;
    if (shape[0] === batch) continue;
    throw new DiffusionForcingError(
      "shape-mismatch",
      `Guidance: inputs(): "${name}" is ${formatType({ dtype, shape })}; expected a first axis of ${batch}, the batch.`,
    );
  }
  return types;
}

/** @throws `invalid-argument` unless there is a finite number for each level. */
export function guidanceGain({ gain }: Guidance, process: NoiseProcess): Float64Array {
  if (gain === undefined) return process.guidanceGain;
  const found: unknown = gain(process);
  const expected = process.levels + 1;
  if (isFloat64Array(found) && found.length === expected && found.every(Number.isFinite)) return found;
  throw new DiffusionForcingError(
    "invalid-argument",
    `Guidance: gain() returned ${describe(found)}; expected a Float64Array of ${expected} finite numbers, one for each level 0..${process.levels}.`,
  );
}

/** The number of futures a guidance averages over. */
export function guidanceSamples({ samples = 4 }: Guidance): number {
  return samples;
}

export interface RewardGradient {
  /** Each sample's reward, averaged over the futures, [B]. */
  readonly reward: Value;
  /** d(reward)/d(tokens), [B, T, ...]. */
  readonly gradient: Value;
}

interface GuidanceContext extends CombinedInputs {
  /** [N, B, T, ...], for N > 1. */
  readonly futureNoise?: Value;
  readonly guidanceInputs?: Readonly<Record<string, Value>>;
  readonly range?: ValueRange | undefined;
}

/**
 * The gradient of the reward with respect to the tokens shown to the network, through the network.
 *
 * @param clean the estimate of the clean tokens, [B, T, ...].
 */
export function rewardGradient(
  process: NoiseProcess,
  estimator: Estimator,
  guidance: Guidance,
  clean: Value,
  context: GuidanceContext,
): RewardGradient {
  const { tokens } = context;
  const samples = guidanceSamples(guidance);
  const batch = tokens.shape[0] as number;
  const inputs = context.guidanceInputs ?? {};
  const estimates = samples === 1 ? clean : sampledFutures(process, estimator, samples, clean, context);
  const repeated = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, tile(value, samples)]));
  const rewards = guidance.reward(estimates, repeated);
  if (!isValue(rewards)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `Guidance: reward() returned ${describe(rewards)}; expected a traced value, one number per sample.`,
    );
  }
  if (rewards.dtype !== "float32" || rewards.shape.length !== 1 || rewards.shape[0] !== samples * batch) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `Guidance: reward() returned ${formatType(rewards)}; expected one number per sample, float32[${samples * batch}]. Reduce over tokens and features only.`,
    );
  }
  const reward = mul(sum(reshape(rewards, [samples, batch]), 0), 1 / samples);
  const [slope] = gradient(sum(reward), [tokens]) as [Value];
  return { reward, gradient: slope };
}

/** [B, ...] -> [N * B, ...], the whole batch repeated. */
function tile(x: Value, times: number): Value {
  if (times === 1) return x;
  return reshape(broadcastTo(x, [times, ...x.shape]), [times * (x.shape[0] as number), ...x.shape.slice(1)]);
}

/**
 * N estimates of the clean sequence, [N * B, T, ...]: the forward process is run from the first estimate down to half of
 * each token's level with N draws of noise, and the network denoises each. Context stays as it is.
 */
function sampledFutures(
  process: NoiseProcess,
  estimator: Estimator,
  samples: number,
  clean: Value,
  { levels, tokens, told, futureNoise, historyNoise, condition, range }: GuidanceContext,
): Value {
  if (futureNoise === undefined) {
    throw new DiffusionForcingError("invalid-argument", `Guidance over ${samples} futures needs their noise.`);
  }
  const isContext = equal(levels, 0);
  const halfway = tile(where(isContext, told, cast(floor(mul(cast(told, "float32"), 0.5)), "int32")), samples);
  const noised = process.corrupt(tile(clean, samples), halfway, reshape(futureNoise, [-1, ...tokens.shape.slice(1)]));
  const futures = where(reshape(tile(isContext, samples), perToken(noised)), tile(tokens, samples), noised);
  const estimate = estimator({
    x: futures,
    levels: tile(levels, samples),
    tokens: futures,
    told: halfway,
    ...(historyNoise === undefined ? {} : { historyNoise: tile(historyNoise, samples) }),
    ...(condition === undefined ? {} : { condition: tile(condition, samples) }),
  });
  return process.limit(estimate.clean, halfway, range);
}
