import { gradient } from "../engine/autodiff/index.js";
import { checkChoice } from "../engine/choice.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { add, broadcastTo, cast, equal, floor, mul, reshape, sum, where } from "../engine/graph/operations.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import type { TensorType, Value } from "../engine/graph/value.js";
import { atLevel, perToken } from "../process/gaussian/conversions.js";
import type { DiffusionProcess } from "../process/loss.js";
import type { Denoised } from "./denoiser.js";
import type { CombinedInputs, Denoiser } from "./scores/index.js";

/**
 * Steering by a gradient: `value` says how good a denoised sequence is, and every step moves the predicted noise
 * against the value's gradient (Dhariwal & Nichol 2021, here per token).
 */
export interface Guidance {
  /**
   * The value of each sample, float32 [B], larger is better, from the estimate of the clean sequence x0 [B, T, ...].
   * Scales are per sample: the gradient of one sample's value does not depend on the batch size.
   */
  value(x0: Value, inputs: Readonly<Record<string, Value>>): Value;
  /** Further graph inputs of `value` (goals, weights), given at every step; the first axis is the batch. */
  inputs?(batch: number, length: number): Readonly<Record<string, TensorType>>;
  /**
   * How many sampled futures the gradient is averaged over (Monte Carlo guidance, Chen et al. 2024). Each future is
   * one stochastic denoising of the partly noised sequence to half of every token's level, so tokens that are still
   * noisy vary most. 1 differentiates the single deterministic estimate instead. Default 4.
   */
  readonly samples?: number;
  /**
   * How far the gradient g moves the predicted noise: by sqrt(1 - alphaBar) g, of the level stepped from ("current",
   * classifier guidance as derived, Dhariwal & Nichol 2021, Algorithm 2) or of the level stepped to ("next", the
   * official code: weaker, and nothing at all in a token's last step), or so far that the clean estimate moves by
   * sqrt(alphaBar) g ("x0", Ho et al. 2022). Default "current".
   */
  readonly factor?: "next" | "current" | "x0";
  /**
   * Largest absolute value of the predicted noise after the gradient has moved it. Default: none, as in the official
   * code, whose limit on predicted noise comes before guidance only.
   */
  readonly clip?: number;
}

/** @throws `invalid-argument` for what is no guidance. */
export function checkGuidance(guidance: Guidance): void {
  if (typeof guidance !== "object" || guidance === null || typeof guidance.value !== "function") {
    throw new DiffusionForcingError(
      "invalid-argument",
      `Guidance: got ${JSON.stringify(guidance)}; expected an object with a function value(x0), such as reconstructionGuidance() makes.`,
    );
  }
  checkChoice("Guidance: factor", guidance.factor, ["next", "current", "x0"]);
  if (guidance.clip !== undefined && !(guidance.clip > 0)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `Guidance: clip is ${guidance.clip}; expected a positive number.`,
    );
  }
  guidanceSamples(guidance);
}

/** The number of futures a guidance averages over. @throws `invalid-argument` */
export function guidanceSamples(guidance: Guidance): number {
  const samples = guidance.samples ?? 4;
  if (!Number.isInteger(samples) || samples < 1) {
    throw new DiffusionForcingError("invalid-argument", `Guidance: ${samples} samples; expected an integer from 1.`);
  }
  return samples;
}

/** The factor by which each token's predicted noise is moved against the gradient, [B, T, 1, ...] of `rank` axes. */
export function guidanceFactor(
  process: DiffusionProcess,
  { factor = "current" }: Guidance,
  levels: Value,
  to: Value,
  rank: number,
): Value {
  const { alphasCumprod, sqrtOneMinusAlphasCumprod } = process.schedule.tables;
  if (factor !== "x0") return atLevel(sqrtOneMinusAlphasCumprod, factor === "current" ? levels : to, rank);
  // At level 0 there is no noise to move.
  const table = alphasCumprod.map((alpha, k) => (k === 0 ? 0 : alpha / (sqrtOneMinusAlphasCumprod[k] as number)));
  return atLevel(table, levels, rank);
}

export interface GuidanceGradient {
  /** Each sample's value, averaged over the futures, [B]. */
  readonly value: Value;
  /** d(value)/d(tokens), [B, T, ...]. */
  readonly gradient: Value;
}

interface GuidanceContext extends CombinedInputs {
  readonly denoised: Denoised;
  /** [N, B, T, ...], for N > 1. */
  readonly futureNoise?: Value;
  readonly guidanceInputs?: Readonly<Record<string, Value>>;
}

/** The gradient of the guidance's value with respect to the network's input, through the network. */
export function guidanceGradient(
  process: DiffusionProcess,
  denoiser: Denoiser,
  guidance: Guidance,
  context: GuidanceContext,
): GuidanceGradient {
  const { tokens, denoised } = context;
  const samples = guidanceSamples(guidance);
  const batch = tokens.shape[0] as number;
  const inputs = context.guidanceInputs ?? {};
  const x0 = samples === 1 ? denoised.x0 : sampledFutures(process, denoiser, samples, context);
  const repeated = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, tile(value, samples)]));
  const values = guidance.value(x0, repeated);
  if (values.dtype !== "float32" || values.shape.length !== 1 || values.shape[0] !== samples * batch) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `Guidance: value() returned ${formatType(values)}; expected one value per sample, float32[${samples * batch}]. Reduce over tokens and features only.`,
    );
  }
  const value = mul(sum(reshape(values, [samples, batch]), 0), 1 / samples);
  const [slope] = gradient(sum(value), [tokens]) as [Value];
  return { value, gradient: slope };
}

/** [B, ...] -> [N * B, ...], the whole batch repeated. */
function tile(x: Value, times: number): Value {
  if (times === 1) return x;
  return reshape(broadcastTo(x, [times, ...x.shape]), [times * (x.shape[0] as number), ...x.shape.slice(1)]);
}

/**
 * N estimates of the clean sequence, [N * B, T, ...]: the forward process is run from the first estimate x0 down to
 * half of each token's level with N draws of noise, and the network denoises each. Context stays as it is.
 */
function sampledFutures(
  process: DiffusionProcess,
  denoiser: Denoiser,
  samples: number,
  { from, tokens, denoised, levels, futureNoise, historyNoise, condition }: GuidanceContext,
): Value {
  if (futureNoise === undefined) {
    throw new DiffusionForcingError("invalid-argument", `Guidance over ${samples} futures needs their noise.`);
  }
  const { tables } = process.schedule;
  const rank = tokens.shape.length;
  const isContext = equal(from, 0);
  const halfway = where(isContext, levels, cast(floor(mul(cast(levels, "float32"), 0.5)), "int32"));
  const signal = mul(atLevel(tables.sqrtAlphasCumprod, halfway, rank), denoised.x0);
  const spread = mul(atLevel(tables.sqrtOneMinusAlphasCumprod, halfway, rank), futureNoise); // [N, B, T, ...]
  const futures = where(reshape(isContext, perToken(tokens)), tokens, add(signal, spread));
  const flat = reshape(futures, [-1, ...tokens.shape.slice(1)]);
  return denoiser({
    x: flat,
    from: tile(from, samples),
    tokens: flat,
    levels: tile(halfway, samples),
    ...(historyNoise === undefined ? {} : { historyNoise: tile(historyNoise, samples) }),
    ...(condition === undefined ? {} : { condition: tile(condition, samples) }),
  }).x0;
}
