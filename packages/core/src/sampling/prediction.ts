import { clamp, mul, sub } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { Parameters } from "../models/model.js";
import { x0FromNoise } from "../process/gaussian/conversions.js";
import type { DiffusionProcess } from "../process/loss.js";
import type { Denoised } from "./denoiser.js";
import { type Guidance, type GuidanceGradient, guidanceFactor, guidanceGradient } from "./guidance.js";
import { denoiserOf, type ScoreCombination } from "./scores/index.js";

/** What steers a step's prediction, whatever solver takes the step. */
export interface SteeringOptions {
  /** The level clean tokens pretend to have; see {@link stabilizedLevels}. */
  readonly stabilizationLevel: number;
  readonly guidance?: Guidance;
  /** Combines several evaluations of the model (classifier-free and history guidance); default: one evaluation. */
  readonly scores?: ScoreCombination;
}

/** What every solver's step takes. */
export interface StepInputs {
  /** [B, T, ...] */
  readonly x: Value;
  /** Level of each token now and after the step, int32 [B, T], 0..K; `to` at most `from`. */
  readonly from: Value;
  readonly to: Value;
  /** Standard normal [N, B, T, ...] for the N futures of Monte Carlo guidance; needed if N > 1. */
  readonly futureNoise?: Value;
  /** Standard normal, clamped, [B, T, ...]; needed if `scores` noise the history. */
  readonly historyNoise?: Value;
  readonly condition?: Value;
  readonly guidanceInputs?: Readonly<Record<string, Value>>;
}

export interface Prediction extends Denoised {
  readonly guidance?: GuidanceGradient;
}

/**
 * The model's prediction for tokens [B, T, ...] at levels [B, T] as the network is to see them; a gradient of the
 * guidance's value is subtracted from eps, and x0 follows from that eps.
 */
export function steeredPrediction(
  process: DiffusionProcess,
  parameters: Parameters,
  options: SteeringOptions,
  inputs: StepInputs & { readonly tokens: Value; readonly levels: Value },
): Prediction {
  const { tokens, levels, to } = inputs;
  const denoiser = denoiserOf(process, parameters, options.scores);
  const denoised = denoiser(inputs);
  if (options.guidance === undefined) return denoised;
  const guidance = guidanceGradient(process, denoiser, options.guidance, { ...inputs, denoised });
  const factor = guidanceFactor(process, options.guidance, levels, to, tokens.shape.length);
  const moved = sub(denoised.eps, mul(factor, guidance.gradient));
  const { clip } = options.guidance;
  const eps = clip === undefined ? moved : clamp(moved, -clip, clip);
  return { output: denoised.output, eps, x0: x0FromNoise(process.schedule, tokens, levels, eps), guidance };
}
