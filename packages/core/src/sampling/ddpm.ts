import { addNoise, perToken, posterior } from "../diffusion/conversions.js";
import type { DiffusionProcess } from "../diffusion/loss.js";
import { add, equal, exp, lessEqual, mul, reshape, where } from "../graph/operations.js";
import type { Value } from "../graph/value.js";
import type { Parameters } from "../models/model.js";
import { type Denoised, denoise, stabilizedLevels } from "./denoiser.js";

/** What one DDPM step takes. */
export interface DdpmInputs {
  /** [B, T, ...] */
  readonly x: Value;
  /** Level of each token now, int32 [B, T], 0..K; every token goes down by one level, or stays at 0. */
  readonly from: Value;
  /** Standard normal, clamped, [B, T, ...]. */
  readonly noise: Value;
  /** Standard normal, clamped, [B, T, ...]: noises clean tokens to the level they pretend to have. */
  readonly stabilizationNoise: Value;
  /** [B, T, D], for a conditioned model. */
  readonly condition?: Value;
}

/** What one DDPM step yields. */
export interface DdpmResult extends Denoised {
  /** The sequence one level lower, [B, T, ...]. */
  readonly next: Value;
  /** What the network saw, [B, T, ...]. */
  readonly tokens: Value;
  /** Mean [B, T, ...] and log variance [B, T, 1, ...] of q(x^{k-1} | x^k, x0). */
  readonly mean: Value;
  readonly logVariance: Value;
}

/**
 * One ancestral step (Ho et al. 2020, Algorithm 2), every token from its own level to the next lower one:
 * x' = posterior mean + posterior deviation noise. Clean tokens keep their value, but the network sees them noised to
 * `stabilizationLevel`; unlike DDIM's, which only scales them, that is a full forward process.
 */
export function ddpmStep(
  process: DiffusionProcess,
  parameters: Parameters,
  options: { readonly stabilizationLevel: number },
  inputs: DdpmInputs,
): DdpmResult {
  const { x, from, noise, stabilizationNoise, condition } = inputs;
  const { schedule } = process;
  const everywhere = (mask: Value): Value => reshape(mask, perToken(x));
  const isClean = everywhere(equal(from, 0));
  const levels = stabilizedLevels(from, options.stabilizationLevel);
  const tokens = where(isClean, addNoise(schedule, x, levels, stabilizationNoise), x);
  const denoised = denoise(process, parameters, tokens, levels, condition);
  const { mean, logVariance } = posterior(schedule, denoised.x0, tokens, levels);
  const moved = add(mean, mul(exp(mul(logVariance, 0.5)), noise));
  // Level 1 is the last: its posterior has no variance.
  const sampled = where(everywhere(lessEqual(levels, 1)), mean, moved);
  return { ...denoised, tokens, mean, logVariance, next: where(isClean, x, sampled) };
}
