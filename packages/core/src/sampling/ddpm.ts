import {
  add,
  div,
  equal,
  exp,
  less,
  log,
  maximum,
  mul,
  or,
  reshape,
  sqrt,
  sub,
  where,
} from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { Parameters } from "../models/model.js";
import { addNoise, atLevel, perToken, posterior } from "../process/gaussian/conversions.js";
import type { NoiseSchedule } from "../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../process/loss.js";
import { stabilizedLevels } from "./denoiser.js";
import { type Prediction, type SteeringOptions, type StepInputs, steeredPrediction } from "./prediction.js";

export interface DdpmOptions extends SteeringOptions {
  /**
   * The variance of a step's noise between its two bounds (Ho et al. 2020, section 3.2; Nichol and Dhariwal 2021, eq.
   * 15): 0 is the posterior's, exact for data that is a single point, 1 the forward process's, exact for normal data,
   * and values between are interpolated in the logarithm. Default 0.
   */
  readonly variance?: number;
}

/** What one DDPM step takes. */
export interface DdpmInputs extends StepInputs {
  /** Standard normal, clamped, [B, T, ...]. */
  readonly noise: Value;
  /** Standard normal, clamped, [B, T, ...]: noises clean tokens to the level they pretend to have. */
  readonly stabilizationNoise?: Value;
}

/** What one DDPM step yields. */
export interface DdpmResult extends Prediction {
  /** The sequence at the levels `to`, [B, T, ...]. */
  readonly next: Value;
  /** What the network saw, [B, T, ...]. */
  readonly tokens: Value;
  /** Mean [B, T, ...] and log variance [B, T, 1, ...] of the step. */
  readonly mean: Value;
  readonly logVariance: Value;
}

/** As a variance, nothing; its logarithm is finite. */
const SMALLEST_VARIANCE = 1e-20;

/**
 * q(x^s | x^t, x0) for any levels s < t: mean [B, T, ...], posterior and forward variance [B, T, 1, ...]. One level at a
 * time this is `posterior`; where a step is longer, its betas are those of a schedule without the levels between.
 *
 * @param from t and `to` s, int32 [B, T]; where s = t the result means nothing.
 */
export function skippingPosterior(
  schedule: NoiseSchedule,
  x0: Value,
  x: Value,
  from: Value,
  to: Value,
): { mean: Value; variance: Value; forwardVariance: Value } {
  const { alphasCumprod, sqrtOneMinusAlphasCumprod } = schedule.tables;
  const rank = x.shape.length;
  // 1 - alphaBar as a table of its own: near level 0 the difference of two alphaBars would be rounding.
  const noiseTable = sqrtOneMinusAlphasCumprod.map((root) => root * root);
  const [alphaFrom, alphaTo] = [atLevel(alphasCumprod, from, rank), atLevel(alphasCumprod, to, rank)];
  const [noiseFrom, noiseTo] = [atLevel(noiseTable, from, rank), atLevel(noiseTable, to, rank)];
  const share = div(alphaFrom, alphaTo);
  const difference = where(less(alphaTo, 0.5), sub(alphaTo, alphaFrom), sub(noiseFrom, noiseTo));
  const forwardVariance = div(difference, alphaTo);
  const factorX0 = div(mul(sqrt(alphaTo), forwardVariance), noiseFrom);
  const factorNoisy = div(mul(sqrt(share), noiseTo), noiseFrom);
  return {
    mean: add(mul(factorX0, x0), mul(factorNoisy, x)),
    variance: div(mul(noiseTo, forwardVariance), noiseFrom),
    forwardVariance,
  };
}

/**
 * One ancestral step (Ho et al. 2020, Algorithm 2) in which every token goes from its own level to its own next level,
 * however many levels lower: x' = posterior mean + deviation noise. Clean tokens keep their value, as all tokens whose
 * level stays, but the network sees them noised to `stabilizationLevel`; unlike DDIM's, which only scales them, that is a
 * full forward process. Steps of one level read the schedule's own tables and so agree with the official code.
 */
export function ddpmStep(
  process: DiffusionProcess,
  parameters: Parameters,
  options: DdpmOptions,
  inputs: DdpmInputs,
): DdpmResult {
  const { x, from, to, noise, stabilizationNoise } = inputs;
  const { schedule } = process;
  const { variance: between = 0 } = options;
  const everywhere = (mask: Value): Value => reshape(mask, perToken(x));
  const levels = stabilizedLevels(from, options.stabilizationLevel);
  const tokens =
    stabilizationNoise === undefined
      ? x
      : where(everywhere(equal(from, 0)), addNoise(schedule, x, levels, stabilizationNoise), x);
  const prediction = steeredPrediction(process, parameters, options, { ...inputs, tokens, levels });
  const next = posterior(schedule, prediction.x0, tokens, levels);
  const skipping = skippingPosterior(schedule, prediction.x0, tokens, levels, to);
  // A stabilised token has no next level of its own; the official code computes on as if it had.
  const isOne = everywhere(or(equal(sub(levels, to), 1), equal(from, 0)));
  const mean = where(isOne, next.mean, skipping.mean);
  const logOf = (variance: Value): Value => log(maximum(variance, SMALLEST_VARIANCE));
  const logPosterior = where(isOne, next.logVariance, logOf(skipping.variance));
  const logVariance =
    between === 0 ? logPosterior : add(mul(logPosterior, 1 - between), mul(logOf(skipping.forwardVariance), between));
  const moved = add(mean, mul(exp(mul(logVariance, 0.5)), noise));
  // Nothing is random about the last step.
  const sampled = where(everywhere(equal(to, 0)), mean, moved);
  return {
    ...prediction,
    tokens,
    mean,
    logVariance,
    next: where(everywhere(equal(from, to)), x, sampled),
  };
}
