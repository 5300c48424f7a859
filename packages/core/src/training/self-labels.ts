import * as v from "valibot";
import { diffusionForcingLoss, type LossInputs } from "../diffusion/loss.js";
import { noCondition, prototypePrefix, type SelfLabels, selfLabelsSchema } from "../diffusion/self-labels.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { mean, mul, neg, stopGradient, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { type HostTensorRecord, zeros } from "../engine/tensor/tensor.js";
import { logSoftmax } from "../models/cp-head.js";
import { withAdded } from "./added-loss.js";
import { checkBatch } from "./batch.js";
import { splitWeights } from "./prefixed-weights.js";
import { type SinkhornOptions, sinkhorn } from "./sinkhorn.js";
import type { Trainable } from "./trainable.js";
import { trainableDiffusion } from "./trainable-diffusion.js";

export interface SelfLabelTrainingOptions extends SinkhornOptions {
  /** What labels what, as {@link selfLabels} makes it. */
  readonly labels: SelfLabels;
  /** Of the labels' loss beside the diffusion's. Default 1. */
  readonly weight?: number;
  /** Scores are divided by it before the softmax. Default 0.1. */
  readonly temperature?: number;
}

const schema = v.strictObject({
  labels: selfLabelsSchema,
  weight: v.optional(schemas.positive(), 1),
  temperature: v.optional(schemas.positive(), 0.1),
  epsilon: v.optional(schemas.positive(), 0.05),
  iterations: v.optional(schemas.integer(1, 100), 3),
});

/**
 * The first stage of self-supervised guidance (Hu et al. 2023): the diffusion is trained without a condition, and beside it
 * the head whose prototypes its features fall into: cross-entropy of log softmax(scores / temperature) to the assignments
 * that {@link sinkhorn} makes of the same scores. Features are read at the one low level of the labels, in a pass of their
 * own; the paper's code reads those of the training pass where its level happens to be low.
 *
 * The second stage is an ordinary training from these weights, with prototypes as the condition, dropped now and then.
 *
 * @throws `invalid-argument`
 */
export function selfLabelTraining(options: SelfLabelTrainingOptions): Trainable {
  const { labels, weight, temperature, epsilon, iterations } = check("selfLabelTraining", schema, options);
  const { diffusion, head, feature, level, per } = labels;
  const { model, process } = diffusion;
  const plain = trainableDiffusion(diffusion);
  return {
    ...plain,
    config: {
      kind: "self-labels",
      ...{ feature, level, per, prototypes: head.prototypes, weight, temperature, epsilon, iterations },
      model: model.config,
    },
    parameters: labels.parameters,
    checkBatch(batch) {
      if (batch?.condition !== undefined) {
        throw new DiffusionForcingError(
          "invalid-data",
          "selfLabelTraining: the batch has a condition; this stage finds the kinds that later are one. Leave it out.",
        );
      }
      checkBatch({ ...model, conditionFeatures: 0 }, process.levels, batch);
    },
    inputs(batch, random) {
      const look = zeros("float32", batch.tokens.shape);
      random.split("look").fillNormal(look.data, { clip: process.noiseClip });
      return { ...plain.inputs(batch, random), look };
    },
    loss(parameters, inputs) {
      const { look, ...rest } = inputs as Record<"look" | "tokens", Value>;
      const given = { ...rest, condition: noCondition(diffusion, rest.tokens) };
      const denoising = diffusionForcingLoss(diffusion, parameters, given as unknown as LossInputs);
      const scores = labels.scores(parameters, rest.tokens, look);
      const wanted = stopGradient(sinkhorn(scores, { epsilon, iterations }));
      const surprise = mean(neg(sum(mul(wanted, logSoftmax(mul(scores, 1 / temperature))), 1)));
      const extra = mul(surprise, weight);
      return withAdded(denoising, extra);
    },
  };
}

/** The weights of the diffusion alone, to begin the second stage with. */
export function withoutPrototypes(parameters: HostTensorRecord): HostTensorRecord {
  return splitWeights("withoutPrototypes", parameters, prototypePrefix).others;
}
