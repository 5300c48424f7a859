import * as v from "valibot";
import { schemas } from "../engine/check.js";
import { broadcastTo, constant, div, maximum, mean, mul, reshape, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { type Shape, sizeOf } from "../engine/tensor/shape.js";
import { applyModel } from "../models/apply-model.js";
import type { Parameters } from "../models/model.js";
import { lossWeight } from "../process/loss-weight.js";
import { perToken } from "../process/tables.js";
import type { Diffusion } from "./diffusion.js";

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
 * What the sum of the weighted losses is divided by: a scalar, or a number.
 *
 * @param lossMask as in {@link LossInputs}.
 * @param shape of the tokens, [B, T, ...tokenShape].
 */
export type LossDenominator = (lossMask: Value | undefined, shape: Shape) => Value | number;

export interface LossOptions {
  /** Default {@link meanOverMask}. */
  readonly denominator?: LossDenominator;
}

/** Of {@link LossOptions}, where they are given. */
export const lossOptionsSchema: v.GenericSchema<LossOptions> = v.strictObject({
  denominator: v.optional(schemas.function<LossDenominator>()),
}) as v.GenericSchema<LossOptions>;

/** The sum of the mask over all elements, so that padding changes nothing; without a mask the number of elements. */
export const meanOverMask: LossDenominator = (lossMask, shape) =>
  // Not quite 0 where all of the mask is, so that the loss is.
  lossMask === undefined ? sizeOf(shape) : maximum(sum(broadcastTo(lossMask, shape)), 1e-12);

export interface LossValues {
  /** Mean of the weighted losses, scalar. */
  readonly loss: Value;
  /** Sum of the weighted losses, scalar, and what it is divided by: what accumulates over parts of a batch. */
  readonly total: Value;
  readonly denominator: Value;
  /** The weighted losses, [B, T, ...tokenShape]. */
  readonly elements: Value;
  readonly noisedTokens: Value;
  readonly modelOutput: Value;
  /** [B, T] */
  readonly tokenWeights: Value;
}

/**
 * The training loss of Diffusion Forcing (Chen et al. 2024, Algorithm 1): every token is noised to its own level, the
 * model predicts from the whole noised sequence, and the process's loss is weighted by the token's signal-to-noise
 * ratio.
 */
export function diffusionForcingLoss(
  diffusion: Diffusion,
  parameters: Parameters,
  inputs: LossInputs,
  options: LossOptions = {},
): LossValues {
  const { model, process, lossWeighting } = diffusion;
  const { tokens, noiseLevels, noise, condition, lossMask } = inputs;
  const noisedTokens = process.corrupt(tokens, noiseLevels, noise);
  const modelOutput = applyModel(model, parameters, {
    tokens: process.modelInput(noisedTokens, noiseLevels),
    noiseLevels,
    levelCount: process.levels,
    ...(condition === undefined ? {} : { condition }),
  });
  const errors = process.loss(modelOutput, { clean: tokens, noisy: noisedTokens, levels: noiseLevels, noise });
  const tokenWeights = lossWeight(process, noiseLevels, lossWeighting);
  const weighted = mul(errors, reshape(tokenWeights, perToken(tokens)));
  const elements = lossMask === undefined ? weighted : mul(weighted, lossMask);
  const denominator = (options.denominator ?? meanOverMask)(lossMask, tokens.shape);
  const total = sum(elements);
  const loss = denominator === sizeOf(tokens.shape) ? mean(elements) : div(total, denominator);
  const divisor = typeof denominator === "number" ? constant(denominator) : denominator;
  return { loss, total, denominator: divisor, elements, noisedTokens, modelOutput, tokenWeights };
}
