import * as v from "valibot";
import { diffusionSchema } from "../diffusion/check-diffusion.js";
import type { Diffusion } from "../diffusion/diffusion.js";
import { diffusionForcingLoss, type LossInputs, type LossOptions, lossOptionsSchema } from "../diffusion/loss.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { type HostTensor, zeros } from "../engine/tensor/tensor.js";
import { isNetwork } from "../models/check-model.js";
import { independentNoiseLevels } from "../process/noise-levels.js";
import { checkBatch } from "./batch.js";
import type { Trainable } from "./trainable.js";

/**
 * The training of a diffusion: batches are completed by levels and noise. The noise of each shape is drawn into one
 * buffer, over and over.
 *
 * @throws `invalid-argument`
 */
export function trainableDiffusion(diffusion: Diffusion, loss?: LossOptions): Trainable {
  const { model, process } = check("trainableDiffusion", diffusionSchema, diffusion);
  check("trainableDiffusion: the loss", v.optional(lossOptionsSchema), loss);
  const buffers = new Map<string, HostTensor<"float32">>();
  return {
    config: model.config,
    tokenShape: model.tokenShape,
    parameters: model.parameters,
    process: process.config,
    checkBatch: (batch) => checkBatch(model, process.levels, batch),
    inputs: (batch, random) => {
      const { tokens, lossMask, condition } = batch;
      const [batchSize, length] = tokens.shape as [number, number, number];
      const key = tokens.shape.join();
      const noise = buffers.get(key) ?? zeros("float32", tokens.shape);
      buffers.set(key, noise);
      random.split("noise").fillNormal(noise.data, { clip: process.noiseClip });
      const sizes = { batch: batchSize, tokens: length, levels: process.levels };
      return {
        tokens,
        noiseLevels: batch.noiseLevels ?? independentNoiseLevels(random.split("levels"), sizes),
        noise,
        ...(condition ? { condition } : {}),
        ...(lossMask ? { lossMask: withAllAxes(lossMask, tokens.shape.length) } : {}),
      };
    },
    loss: (parameters, inputs) => diffusionForcingLoss(diffusion, parameters, inputs as unknown as LossInputs, loss),
  };
}

/** With axes of size 1 in front, so that the first is the batch or shared. */
function withAllAxes(value: HostTensor, rank: number): HostTensor {
  return { ...value, shape: [...new Array<number>(rank - value.shape.length).fill(1), ...value.shape] };
}

const hasLoss = v.looseObject({ checkBatch: schemas.function(), inputs: schemas.function(), loss: schemas.function() });
const subjectSchema = schemas.satisfying<Diffusion | Trainable>(
  "a diffusion, as diffusionForcing() makes one, or what has parameters and a loss of its own",
  (value) => v.is(diffusionSchema, value) || (isNetwork(value) && v.is(hasLoss, value)),
);

/**
 * Whatever can be trained as one kind of thing.
 *
 * @throws `invalid-argument` for what cannot be trained, and for `loss` options of what has a loss of its own
 */
export function asTrainable(subject: Diffusion | Trainable, loss?: LossOptions): Trainable {
  const given = check("train: what is trained", subjectSchema, subject);
  if ("model" in given) return trainableDiffusion(given, loss);
  if (loss === undefined) return given;
  throw new DiffusionForcingError(
    "invalid-argument",
    `train: loss is given, but a ${given.config.kind} has a loss of its own. Leave it out.`,
  );
}
