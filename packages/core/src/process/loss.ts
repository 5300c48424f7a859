import {
  broadcastTo,
  constant,
  div,
  maximum,
  mean,
  mul,
  reshape,
  square,
  sub,
  sum,
} from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { type Shape, sizeOf } from "../engine/tensor/shape.js";
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
  /** Weights of the elements, broadcastable to [B, T, ...tokenShape]: 0 for those that are padding. */
  readonly lossMask?: Value;
}

/**
 * What the sum of the weighted squared errors is divided by: a scalar, or a number.
 *
 * @param lossMask as in {@link LossInputs}.
 * @param shape of the tokens, [B, T, ...tokenShape].
 */
export type LossDenominator = (lossMask: Value | undefined, shape: Shape) => Value | number;

export interface LossOptions {
  /** Default {@link meanOverMask}. */
  readonly denominator?: LossDenominator;
}

/** The sum of the mask over all elements, so that padding changes nothing; without a mask the number of elements. */
export const meanOverMask: LossDenominator = (lossMask, shape) =>
  // Not quite 0 where all of the mask is, so that the loss is.
  lossMask === undefined ? sizeOf(shape) : maximum(sum(broadcastTo(lossMask, shape)), 1e-12);

export interface LossValues {
  /** Mean of the weighted squared errors, scalar. */
  readonly loss: Value;
  /** Sum of the weighted squared errors, scalar, and what it is divided by: what accumulates over parts of a batch. */
  readonly total: Value;
  readonly denominator: Value;
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
  const { model, schedule, objective } = process;
  const { tokens, noiseLevels, noise, condition, lossMask } = inputs;
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
  const elements = lossMask === undefined ? errors : mul(errors, lossMask);
  const denominator = (options.denominator ?? meanOverMask)(lossMask, tokens.shape);
  const total = sum(elements);
  const loss = denominator === sizeOf(tokens.shape) ? mean(elements) : div(total, denominator);
  const divisor = typeof denominator === "number" ? constant(denominator) : denominator;
  return { loss, total, denominator: divisor, elements, x0, noisedTokens, modelOutput, tokenWeights };
}
