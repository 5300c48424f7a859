import { checkChoice } from "../engine/choice.js";
import { broadcastTo, div, maximum, mean, mul, reshape, square, sub, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { Model, Parameters } from "../models/model.js";
import { addNoise, perToken } from "./gaussian/conversions.js";
import { type LossWeighting, lossWeight } from "./gaussian/loss-weight.js";
import { modelPrediction, type Objective, trainingTarget } from "./gaussian/objective.js";
import type { NoiseSchedule } from "./gaussian/schedule.js";

/** Everything that defines what a denoiser is trained to do. */
export interface DiffusionProcess {
  readonly model: Model;
  readonly schedule: NoiseSchedule;
  /** What the model predicts. */
  readonly objective: Objective;
  readonly lossWeighting: LossWeighting;
  /** Noise is clamped to -clipNoise..clipNoise, in training and sampling. */
  readonly clipNoise: number;
}

export interface LossInputs {
  /** Clean sequence, float32 [B, T, ...tokenShape]. */
  readonly tokens: Value;
  /** int32 [B, T], 0..K. */
  readonly noiseLevels: Value;
  /** Standard normal, already clamped, float32 [B, T, ...tokenShape]. */
  readonly noise: Value;
  /** float32 [B, T, D], for a conditioned model. */
  readonly condition?: Value;
  /** Further weights, broadcastable to [B, T, ...tokenShape]: 0 for elements that are padding. */
  readonly elementWeights?: Value;
}

export interface LossOptions {
  /**
   * What the sum of the weighted squared errors is divided by: the sum of the element weights ("weights"), so that
   * padding changes nothing, or the number of elements whatever their weight ("elements", the official code, where the
   * more of a batch is padding the smaller its gradient). The same without element weights. Default "weights".
   */
  readonly mean?: "weights" | "elements";
}

export interface LossValues {
  /** Mean of the weighted squared errors, scalar. */
  readonly loss: Value;
  /** The weighted squared errors, [B, T, ...tokenShape]. */
  readonly elements: Value;
  /** Estimate of the clean sequence, [B, T, ...tokenShape]. */
  readonly x0: Value;
  readonly noisedTokens: Value;
  readonly modelOutput: Value;
  /** [B, T] */
  readonly tokenWeights: Value;
}

/**
 * The training loss of Diffusion Forcing (Chen et al. 2024, Algorithm 1): every token is noised to its own level,
 * the model predicts from the whole noised sequence, and the squared error is weighted by the token's
 * signal-to-noise ratio.
 */
export function diffusionForcingLoss(
  process: DiffusionProcess,
  parameters: Parameters,
  inputs: LossInputs,
  options: LossOptions = {},
): LossValues {
  checkChoice("diffusionForcingLoss: mean", options.mean, ["weights", "elements"]);
  const { model, schedule, objective } = process;
  const { tokens, noiseLevels, noise, condition, elementWeights } = inputs;
  const noisedTokens = addNoise(schedule, tokens, noiseLevels, noise);
  const modelOutput = model.apply(parameters, {
    tokens: noisedTokens,
    noiseLevels,
    levelCount: schedule.levels,
    ...(condition === undefined ? {} : { condition }),
  });
  const { x0 } = modelPrediction(schedule, objective, noisedTokens, noiseLevels, modelOutput, {
    clipNoise: process.clipNoise,
  });
  const target = trainingTarget(schedule, objective, tokens, noiseLevels, noise);
  const tokenWeights = lossWeight(schedule, objective, noiseLevels, process.lossWeighting);
  const errors = mul(square(sub(modelOutput, target)), reshape(tokenWeights, perToken(tokens)));
  const elements = elementWeights === undefined ? errors : mul(errors, elementWeights);
  const isPlain = elementWeights === undefined || options.mean === "elements";
  const loss = isPlain ? mean(elements) : div(sum(elements), weightSum(elementWeights, tokens));
  return { loss, elements, x0, noisedTokens, modelOutput, tokenWeights };
}

/** Over all elements; not quite 0 where every weight is, so that the loss is. */
function weightSum(weights: Value, tokens: Value): Value {
  return maximum(sum(broadcastTo(weights, tokens.shape)), 1e-12);
}
