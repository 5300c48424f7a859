import { checkChoice } from "../engine/choice.js";
import { add, div, equal, maximum, mul, reshape, sqrt, sub, where } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { Parameters } from "../models/model.js";
import { atLevel, perToken } from "../process/gaussian/conversions.js";
import type { DiffusionProcess } from "../process/loss.js";
import { stabilizedInput, stabilizedLevels } from "./denoiser.js";
import { type Prediction, type SteeringOptions, type StepInputs, steeredPrediction } from "./prediction.js";

export interface DdimOptions extends SteeringOptions {
  /** 0 is deterministic, 1 has the variance of DDPM (Song et al. 2021, eq. 16). */
  readonly eta: number;
  /**
   * With eta near 1 rounding can push 1 - alphaBar' - sigma^2, whose root is taken, below 0. "floor" (the default) takes
   * it for 0; "official" leaves it, and the step yields NaN.
   */
  readonly radicand?: "floor" | "official";
}

export interface DdimInputs extends StepInputs {
  /** Standard normal, clamped, [B, T, ...]; needed if eta > 0. */
  readonly noise?: Value;
}

export interface DdimResult extends Prediction {
  /** The sequence at the levels `to`, [B, T, ...]. */
  readonly next: Value;
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
  radicand: DdimOptions["radicand"] = "floor",
): { sigma: Value; direction: Value } {
  checkChoice("ddimStep: radicand", radicand, ["floor", "official"]);
  const { tables } = process.schedule;
  const alphaNext = atLevel(tables.alphasCumprod, to, rank);
  if (eta === 0) return { sigma: mul(alphaNext, 0), direction: sqrt(sub(1, alphaNext)) };
  const alpha = atLevel(tables.alphasCumprod, from, rank);
  const variance = div(mul(sub(1, div(alpha, alphaNext)), sub(1, alphaNext)), sub(1, alpha));
  // Rounding can push this one below 0 too, where a token stays.
  const sigma = mul(sqrt(maximum(variance, 0)), eta);
  const left = sub(sub(1, alphaNext), mul(sigma, sigma));
  const direction = sqrt(radicand === "floor" ? maximum(left, 0) : left);
  return { sigma, direction };
}

/**
 * One DDIM step (Song et al. 2021, eq. 12) in which every token goes from its own level to its own next level
 * (Chen et al. 2024, Algorithm 2): x' = sqrt(b) x0 + c eps + sigma noise. Tokens whose level stays keep their value.
 */
export function ddimStep(
  process: DiffusionProcess,
  parameters: Parameters,
  options: DdimOptions,
  inputs: DdimInputs,
): DdimResult {
  const { x, from, to } = inputs;
  const rank = x.shape.length;
  const levels = stabilizedLevels(from, options.stabilizationLevel);
  const tokens = stabilizedInput(process, x, from, options.stabilizationLevel);
  const prediction = steeredPrediction(process, parameters, options, { ...inputs, tokens, levels });
  const { sigma, direction } = ddimCoefficients(process, levels, to, options.eta, rank, options.radicand);
  const signal = mul(atLevel(process.schedule.tables.sqrtAlphasCumprod, to, rank), prediction.x0);
  const mean = add(signal, mul(direction, prediction.eps));
  const moved = inputs.noise === undefined ? mean : add(mean, mul(sigma, inputs.noise));
  const stays = reshape(equal(from, to), perToken(x));
  return { ...prediction, next: where(stays, x, moved) };
}
