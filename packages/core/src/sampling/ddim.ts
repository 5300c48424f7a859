import { atLevel, perToken, x0FromNoise } from "../diffusion/conversions.js";
import type { DiffusionProcess } from "../diffusion/loss.js";
import { add, div, equal, maximum, mul, reshape, sqrt, sub, where } from "../graph/operations.js";
import type { Value } from "../graph/value.js";
import type { Parameters } from "../models/model.js";
import { type Denoised, stabilizedInput, stabilizedLevels } from "./denoiser.js";
import { type Guidance, type GuidanceGradient, guidanceFactor, guidanceGradient } from "./guidance.js";
import { denoiserOf, type ScoreCombination } from "./scores/index.js";

export interface DdimOptions {
  /** 0 is deterministic, 1 has the variance of DDPM (Song et al. 2021, eq. 16). */
  readonly eta: number;
  /** The level clean tokens pretend to have; see {@link stabilizedLevels}. */
  readonly stabilizationLevel: number;
  readonly guidance?: Guidance;
  /** Combines several evaluations of the model (classifier-free and history guidance); default: one evaluation. */
  readonly scores?: ScoreCombination;
}

export interface DdimInputs {
  /** [B, T, ...] */
  readonly x: Value;
  /** Level of each token now and after the step, int32 [B, T], 0..K; `to` at most `from`. */
  readonly from: Value;
  readonly to: Value;
  /** Standard normal, clamped, [B, T, ...]; needed if eta > 0. */
  readonly noise?: Value;
  /** Standard normal [N, B, T, ...] for the N futures of Monte Carlo guidance; needed if N > 1. */
  readonly futureNoise?: Value;
  /** Standard normal, clamped, [B, T, ...]; needed if `scores` noise the history. */
  readonly historyNoise?: Value;
  readonly condition?: Value;
  readonly guidanceInputs?: Readonly<Record<string, Value>>;
}

export interface DdimResult extends Denoised {
  /** The sequence at the levels `to`, [B, T, ...]. */
  readonly next: Value;
  readonly guidance?: GuidanceGradient;
}

/**
 * The standard deviation of a step's fresh noise and the factor of the predicted noise, both [B, T, 1, ...] of `rank`
 * axes.
 */
export function ddimCoefficients(
  process: DiffusionProcess,
  from: Value,
  to: Value,
  eta: number,
  rank: number,
): { sigma: Value; direction: Value } {
  const { tables } = process.schedule;
  const alphaNext = atLevel(tables.alphasCumprod, to, rank);
  if (eta === 0) return { sigma: mul(alphaNext, 0), direction: sqrt(sub(1, alphaNext)) };
  const alpha = atLevel(tables.alphasCumprod, from, rank);
  const variance = div(mul(sub(1, div(alpha, alphaNext)), sub(1, alphaNext)), sub(1, alpha));
  // Rounding can push either radicand just below 0.
  const sigma = mul(sqrt(maximum(variance, 0)), eta);
  const direction = sqrt(maximum(sub(sub(1, alphaNext), mul(sigma, sigma)), 0));
  return { sigma, direction };
}

/**
 * One DDIM step (Song et al. 2021, eq. 12) in which every token goes from its own level to its own next level
 * (Chen et al. 2024, Algorithm 2): x' = sqrt(b) x0 + c eps + sigma noise. Tokens whose level stays keep their value.
 * A gradient of a guidance's value is subtracted from eps first, and x0 follows from that eps.
 */
export function ddimStep(
  process: DiffusionProcess,
  parameters: Parameters,
  options: DdimOptions,
  inputs: DdimInputs,
): DdimResult {
  const { x, from, to } = inputs;
  const { tables } = process.schedule;
  const rank = x.shape.length;
  const levels = stabilizedLevels(from, options.stabilizationLevel);
  const tokens = stabilizedInput(process, x, from, options.stabilizationLevel);
  const denoiser = denoiserOf(process, parameters, options.scores);
  const denoised = denoiser({ ...inputs, tokens, levels });
  const { output } = denoised;
  let { x0, eps } = denoised;
  let guidance: GuidanceGradient | undefined;
  if (options.guidance !== undefined) {
    guidance = guidanceGradient(process, denoiser, options.guidance, { ...inputs, tokens, levels, denoised });
    eps = sub(eps, mul(guidanceFactor(process, options.guidance, levels, to, rank), guidance.gradient));
    x0 = x0FromNoise(process.schedule, tokens, levels, eps);
  }
  const { sigma, direction } = ddimCoefficients(process, levels, to, options.eta, rank);
  const mean = add(mul(atLevel(tables.sqrtAlphasCumprod, to, rank), x0), mul(direction, eps));
  const moved = inputs.noise === undefined ? mean : add(mean, mul(sigma, inputs.noise));
  const stays = reshape(equal(from, to), perToken(x));
  return { output, x0, eps, next: where(stays, x, moved), ...(guidance ? { guidance } : {}) };
}
