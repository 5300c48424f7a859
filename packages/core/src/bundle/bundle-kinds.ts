import * as v from "valibot";
import type { Codec } from "../codecs/index.js";
import type { Diffusion } from "../diffusion/diffusion.js";
import { schemas } from "../engine/check.js";
import { constant } from "../engine/graph/operations.js";
import { type HostTensorRecord, zeros } from "../engine/tensor/tensor.js";
import { checkFitsHead, cpHeadSchema, modelSchema } from "../models/check-model.js";
import { type CpHead, type CpHeadConfig, cpHead } from "../models/cp-head.js";
import type { Model } from "../models/model.js";
import { modelFromConfig } from "../models/model-from-config.js";
import { lossWeight } from "../process/loss-weight.js";
import type { LossWeighting } from "../process/loss-weighting.js";
import { processFromConfig } from "../process/process-from-config.js";
import {
  type BundleCard,
  type BundleConfig,
  cardSchema,
  type TaskRecord,
  type TrainedOn,
  taskSchema,
  trainedOnSchema,
} from "./bundle-config.js";

/** What a bundle holds besides what its weights are the weights of. */
export interface BundleParts {
  /** Weights to sample with, by parameter name. */
  readonly parameters: HostTensorRecord;
  /** Between the user's data and tokens; absent: the data are tokens. */
  readonly codec?: Codec;
  readonly task?: TaskRecord;
  readonly trainedOn?: TrainedOn;
  readonly card?: BundleCard;
}

/** A trained model with everything that is needed to use it: what `dforce`, a page and a worker hand to each other. */
export interface Bundle extends BundleParts {
  readonly diffusion: Diffusion;
}

/** A model that predicts symbols, as `multiTokenTraining` trains it, with everything that `sampleSymbols` needs. */
export interface SymbolBundle extends BundleParts {
  readonly model: Model;
  readonly head: CpHead;
}

/** Bundles by the kind that stands in their `config.json`. */
export interface BundleKinds {
  readonly "diffusion-forcing": Bundle;
  readonly "multi-token": SymbolBundle;
}
export type BundleKind = keyof BundleKinds;

type Subject = Omit<Bundle, keyof BundleParts> | Omit<SymbolBundle, keyof BundleParts>;

const parts = {
  parameters: schemas.having("the weights by parameter name"),
  codec: v.optional(schemas.having("a codec", "config", "encode", "decode")),
  task: v.optional(taskSchema),
  trainedOn: v.optional(trainedOnSchema),
  card: v.optional(cardSchema),
};
const diffusionSchema = v.strictObject({
  diffusion: schemas.having("a diffusion: what diffusionForcing() makes", "model"),
  ...parts,
});
const symbolSchema = v.strictObject({ model: modelSchema, head: cpHeadSchema, ...parts });

/** The schema of a bundle in memory, by what it looks like. */
export function bundleSchema(bundle: unknown): v.GenericSchema {
  return typeof bundle === "object" && bundle !== null && "head" in bundle ? symbolSchema : diffusionSchema;
}

/** What `config.json` says of what the weights are the weights of. @throws `invalid-config` for a head of another model */
export function subjectConfig(subject: Subject): object {
  if ("head" in subject) {
    const { model, head } = subject;
    checkFitsHead("saveBundle", model, head);
    return { kind: "multi-token", version: 1, head: head.config, model: model.config };
  }
  const { process, lossWeighting, model } = subject.diffusion;
  return { kind: "diffusion-forcing", version: 1, process: process.config, lossWeighting, model: model.config };
}

/** What stored configurations describe. @throws `invalid-config`, `invalid-schedule` */
export function subjectOf(config: BundleConfig): Subject {
  const model = modelFromConfig(config.model);
  if (config.kind === "multi-token") {
    const head = cpHead(config.head as CpHeadConfig);
    checkFitsHead("head", model, head);
    return { model, head };
  }
  const process = processFromConfig(config.process);
  const diffusion = { model, process, lossWeighting: config.lossWeighting as LossWeighting };
  lossWeight(process, constant(zeros("int32", [1, 1])), diffusion.lossWeighting);
  return { diffusion };
}

/** The model that the weights are of. */
export function modelOf(subject: Subject): Model {
  return "head" in subject ? subject.model : subject.diffusion.model;
}
