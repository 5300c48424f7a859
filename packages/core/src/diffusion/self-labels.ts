import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { broadcastTo, constant, mean, mul, reshape, slice, stopGradient } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { sizeOf } from "../engine/tensor/shape.js";
import { tensor } from "../engine/tensor/tensor.js";
import { featureOf, featureShape } from "../models/features.js";
import type { ParameterSpec, Parameters } from "../models/model.js";
import { type PrototypeHead, prototypeHead } from "../models/prototypes.js";
import { diffusionSchema } from "./check-diffusion.js";
import type { Diffusion } from "./diffusion.js";

export interface SelfLabelsOptions {
  /** Its model takes a condition of at least 2 features: a prototype, or zeros for none. */
  readonly diffusion: Diffusion;
  /** The activation that tells things apart, by its name; see `featuresOf`. One in the middle of the model is usual. */
  readonly feature: string;
  /** K: how many kinds there may be. */
  readonly prototypes: number;
  /** What has a label: a sequence, by its features' mean over the tokens, or each token. Default "sequence". */
  readonly per?: "sequence" | "token";
  /** The low level, 0..K, at which tokens are looked at. Default 15 % of the process's, as the paper has it. */
  readonly level?: number;
}

/** How a diffusion's own features label its data. */
export interface SelfLabels extends Required<SelfLabelsOptions> {
  readonly head: PrototypeHead;
  /** Parameters of the model and, as `prototypes.*`, of the head. */
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /**
   * How much sequences, or their tokens in order, look like each prototype: cosines, [B, K] or [B * T, K]. No slope passes
   * to the model: the head learns from features as they are.
   *
   * @param tokens clean, float32 [B, T, ...].
   * @param noise standard normal, limited, of their shape.
   */
  scores(parameters: Parameters, tokens: Value, noise: Value): Value;
}

/** How the head's parameters are called beside the model's. */
export const prototypePrefix = "prototypes.";

/** Labels, wherever a function takes them. */
export const selfLabelsSchema: v.GenericSchema<SelfLabels> = schemas.having<SelfLabels>(
  "labels, as selfLabels() makes them",
  ...["diffusion", "feature", "prototypes", "per", "level", "head", "parameters", "scores"],
);

const schema = v.strictObject({
  diffusion: diffusionSchema,
  feature: schemas.satisfying<string>("the name of a feature", (value) => typeof value === "string"),
  prototypes: schemas.integer(2, 2 ** 16),
  per: v.optional(schemas.choice("sequence", "token"), "sequence"),
  level: v.optional(schemas.integer(0)),
});

/**
 * Labels without annotation (Hu et al. 2023): clean tokens noised a little, an activation of the model that is being
 * trained, a head that compares it with prototypes. `selfLabelTraining` trains the head beside the model, `selfLabeler`
 * gives labels, and their prototypes condition classifier-free guidance.
 *
 * @throws `invalid-argument` for an unknown feature, `invalid-config` for a model without a condition
 */
export function selfLabels(options: SelfLabelsOptions): SelfLabels {
  const { diffusion, feature, prototypes, per, level: asked } = check("selfLabels", schema, options);
  const { model, process } = diffusion;
  const level = asked ?? Math.round(0.15 * process.levels);
  if (level > process.levels || model.conditionFeatures < 2) {
    const isLevel = level > process.levels;
    throw new DiffusionForcingError(
      isLevel ? "invalid-argument" : "invalid-config",
      isLevel
        ? `selfLabels: level is ${level}; expected 0 to ${process.levels}.`
        : `selfLabels: the model takes ${model.conditionFeatures} condition features; expected at least 2, for a prototype.`,
    );
  }
  const features = sizeOf(featureShape(model, feature));
  const head = prototypeHead({ features, prototypes, size: model.conditionFeatures });
  const ofHead = Object.entries(head.parameters).map(([name, spec]) => [prototypePrefix + name, spec] as const);
  return {
    diffusion,
    feature,
    prototypes,
    per,
    level,
    head,
    parameters: { ...model.parameters, ...Object.fromEntries(ofHead) },
    scores(parameters, tokens, noise) {
      const [batch, length] = tokens.shape as [number, number];
      const noiseLevels = broadcastTo(constant(tensor(Int32Array.of(level), [])), [batch, length]);
      const noisy = process.corrupt(tokens, noiseLevels, noise);
      const input = {
        tokens: process.modelInput(noisy, noiseLevels),
        noiseLevels,
        levelCount: process.levels,
        condition: noCondition(diffusion, tokens),
      };
      const seen = stopGradient(reshape(featureOf(model, parameters, input, feature), [batch, length, features]));
      const items = per === "sequence" ? mean(seen, 1) : reshape(seen, [batch * length, features]);
      const own = Object.keys(head.parameters).map((name) => [name, parameters[prototypePrefix + name] as Value]);
      return head.scores(Object.fromEntries(own), items);
    },
  };
}

/** The null condition of every token, [B, T, D]. */
export function noCondition({ model }: Diffusion, tokens: Value): Value {
  const [batch, length] = tokens.shape as [number, number];
  const zero = mul(slice(reshape(tokens, [batch, length, -1]), 2, 0, 1), 0);
  return broadcastTo(zero, [batch, length, model.conditionFeatures]);
}
