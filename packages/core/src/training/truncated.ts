import * as v from "valibot";
import { diffusionSchema } from "../diffusion/check-diffusion.js";
import type { Diffusion } from "../diffusion/diffusion.js";
import { generated } from "../diffusion/generator.js";
import { diffusionForcingLoss, type LossInputs } from "../diffusion/loss.js";
import { gradient } from "../engine/autodiff/index.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import {
  abs,
  add,
  broadcastTo,
  constant,
  exp,
  log,
  maximum,
  mean,
  mul,
  neg,
  square,
  stopGradient,
  sum,
} from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { formatShape, shapesEqual } from "../engine/tensor/shape.js";
import { type HostTensor, type HostTensorRecord, tensor, zeros } from "../engine/tensor/tensor.js";
import { modelSchema } from "../models/check-model.js";
import type { Model, Parameters } from "../models/model.js";
import { independentNoiseLevels } from "../process/noise-levels.js";
import { withAdded } from "./added-loss.js";
import { splitWeights } from "./prefixed-weights.js";
import type { Trainable } from "./trainable.js";
import { trainableDiffusion } from "./trainable-diffusion.js";

export interface TruncatedTrainingOptions {
  readonly diffusion: Diffusion;
  /** 1..K - 1: where sampling will start; one for each token of a sequence, or for all. */
  readonly level: number | readonly number[];
  /** Judges tokens at that level: any model of the same tokens; the mean of its outputs is its logit. */
  readonly discriminator: Model;
  /** Weight of the adversarial losses beside the diffusion's. Default 1. */
  readonly adversarialWeight?: number;
  /** Weight of half the squared slope of the discriminator at true tokens (R1, Mescheder et al. 2018). Default 0.01. */
  readonly r1?: number;
}

const schema = v.strictObject({
  diffusion: diffusionSchema,
  level: v.union([schemas.integer(1), v.pipe(v.array(schemas.integer(1)), v.minLength(1))], "levels from 1"),
  discriminator: modelSchema,
  adversarialWeight: v.optional(schemas.positive(), 1),
  r1: v.optional(schemas.number(0), 0.01),
});

const PREFIX = "discriminator.";

/**
 * Trains a diffusion whose sampling starts below pure noise, together with the prior it starts from (truncated diffusion,
 * Zheng et al. 2023): tokens are noised to levels 1..`level` only, and the same network, told level K, is the generator of
 * tokens at `level`, held to q(x^level | x) by a discriminator (non-saturating losses). One gradient step moves all: the
 * generator's loss does not reach the discriminator, nor its loss the generator. The paper regularises every 16th step;
 * here every step has its share. The penalty is differentiated twice.
 *
 * Sample with `start: { level, prior: learnedPrior(...) }` and {@link withoutDiscriminator} of the weights.
 *
 * @throws `invalid-argument`, `shape-mismatch`
 */
export function truncatedTraining(options: TruncatedTrainingOptions): Trainable {
  const given = check("truncatedTraining", schema, options);
  const { diffusion, discriminator, level, adversarialWeight, r1 } = given;
  const { model, process } = diffusion;
  const plain = trainableDiffusion(diffusion);
  const levels = typeof level === "number" ? [level] : level;
  const highest = levels.reduce((most, level) => Math.max(most, level));
  if (highest >= process.levels) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `truncatedTraining: level is ${highest}; expected one from 1 to ${process.levels - 1}, below pure noise.`,
    );
  }
  if (!shapesEqual(discriminator.tokenShape, model.tokenShape) || discriminator.conditionFeatures > 0) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `truncatedTraining: the discriminator takes tokens [${discriminator.tokenShape.join(", ")}] and ${discriminator.conditionFeatures} condition features; expected [${model.tokenShape.join(", ")}] and none.`,
    );
  }
  if (!shapesEqual(model.outputShape ?? model.tokenShape, model.tokenShape)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `truncatedTraining: the model gives ${formatShape(model.outputShape as readonly number[])} for a token ${formatShape(model.tokenShape)}; expected as many numbers, since its output moves the tokens that it makes.`,
    );
  }
  const prefixed = Object.entries(discriminator.parameters).map(([name, spec]) => [PREFIX + name, spec] as const);
  const criticOf = (parameters: Parameters, of: (value: Value) => Value): Parameters =>
    Object.fromEntries(
      Object.keys(discriminator.parameters).map((name) => [name, of(parameters[PREFIX + name] as Value)]),
    );
  const at = (tokens: number): number[] =>
    Array.from({ length: tokens }, (_, t) => levels[Math.min(t, levels.length - 1)] as number);

  return {
    ...plain,
    config: {
      kind: "truncated",
      level,
      adversarialWeight,
      r1,
      model: model.config,
      discriminator: discriminator.config,
    },
    parameters: { ...model.parameters, ...Object.fromEntries(prefixed) },
    inputs(batch, random) {
      const { shape } = batch.tokens;
      const sizes = { batch: shape[0] as number, tokens: shape[1] as number, levels: highest };
      const normal = (label: string): HostTensor => {
        const noise = zeros("float32", shape);
        random.split(label).fillNormal(noise.data, { clip: process.noiseClip });
        return noise;
      };
      const noiseLevels = batch.noiseLevels ?? independentNoiseLevels(random.split("levels"), sizes);
      return {
        ...plain.inputs({ ...batch, noiseLevels }, random),
        latent: normal("latent"),
        trueNoise: normal("true"),
      };
    },
    loss(parameters, inputs) {
      const { latent, trueNoise, ...rest } = inputs as Record<"latent" | "trueNoise" | "tokens", Value>;
      const { tokens } = rest;
      const { condition } = inputs;
      const denoising = diffusionForcingLoss(diffusion, parameters, rest as unknown as LossInputs);
      const wanted = constant(tensor(Int32Array.from(at(tokens.shape[1] as number)), [1, tokens.shape[1] as number]));
      const noiseLevels = broadcastTo(wanted, tokens.shape.slice(0, 2));
      /** [B] */
      const judged = (critic: Parameters, x: Value): Value => {
        const output = discriminator.apply(critic, { tokens: x, noiseLevels, levelCount: process.levels });
        return mean(output, output.shape.map((_, axis) => axis).slice(1));
      };
      const critic = criticOf(parameters, (value) => value);
      const truth = process.corrupt(tokens, noiseLevels, trueNoise);
      const made = generated(diffusion, parameters, latent, condition);
      const ofTruth = judged(critic, truth);
      const [slope] = gradient(sum(ofTruth), [truth]) as [Value];
      const penalty = mul(sum(square(slope)), r1 / 2 / (tokens.shape[0] as number));
      const adversarial = [
        mean(softplus(neg(judged(criticOf(parameters, stopGradient), made)))),
        mean(softplus(neg(ofTruth))),
        mean(softplus(judged(critic, stopGradient(made)))),
        penalty,
      ].reduce((total, part) => add(total, part));
      const extra = mul(adversarial, adversarialWeight);
      return withAdded(denoising, extra);
    },
  };
}

/** The weights of the diffusion alone, without those of the discriminator that it was trained with. */
export function withoutDiscriminator(parameters: HostTensorRecord): HostTensorRecord {
  return splitWeights("withoutDiscriminator", parameters, PREFIX).others;
}

/** log(1 + e^x) */
function softplus(x: Value): Value {
  return add(maximum(x, 0), log(add(exp(neg(abs(x))), 1)));
}
