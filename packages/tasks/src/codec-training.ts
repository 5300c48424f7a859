import { type Backend, type HostTensorRecord, samplingParameters } from "@diffusion-forcing/core";
import { schemas } from "@diffusion-forcing/core/backend";
import { type Trainable, type TrainingOptions, trainStream } from "@diffusion-forcing/core/training";
import type * as v from "valibot";
import type { PreparationContext } from "./task.js";

/** How a codec that learns is made before the model is, as recipes give it. */
export interface CodecRecipe {
  readonly latentFeatures: number;
  readonly codecWidth: number;
  readonly codecSteps: number;
  readonly codecLearningRate: number;
}

/** {@link CodecRecipe}'s fields. */
export const codecRecipeEntries: Readonly<Record<keyof CodecRecipe, v.GenericSchema<number>>> = {
  latentFeatures: schemas.integer(1, 1024),
  codecWidth: schemas.integer(1, 4096),
  codecSteps: schemas.integer(1, 1e9),
  codecLearningRate: schemas.positive(),
};

/** What a codec is trained with. */
export interface CodecTraining extends Pick<PreparationContext, "codecState" | "signal" | "onProgress"> {
  readonly backend: Backend;
}

/** Steps between the states that are kept. */
const KEPT_EVERY = 250;

/**
 * Trains a codec's networks, from the state that an earlier session kept if there is one.
 *
 * @returns their parameters, to encode and decode with.
 * @throws `aborted`, and what training throws
 */
export async function trainCodec(
  codec: Trainable,
  { codecSteps: steps, codecLearningRate }: Pick<CodecRecipe, "codecSteps" | "codecLearningRate">,
  options: Required<Pick<TrainingOptions, "batches">> & Pick<TrainingOptions, "emaDecay">,
  { backend, codecState, signal, onProgress }: CodecTraining,
): Promise<HostTensorRecord> {
  const resume = await codecState?.load();
  const run = trainStream(codec, {
    backend,
    ...options,
    steps,
    optimizer: { learningRate: codecLearningRate },
    learningRate: { kind: "cosine", warmupSteps: Math.min(50, steps) },
    ...(codecState ? { checkpoint: { every: KEPT_EVERY, save: codecState.save } } : {}),
    ...(resume ? { resume } : {}),
    ...(signal ? { signal } : {}),
  });
  let parameters = resume === undefined ? {} : samplingParameters(resume);
  for await (const { step, loss, isLast, snapshot } of run) {
    onProgress?.(step, steps, `codec, loss ${loss.toFixed(2)}`);
    if (isLast) parameters = samplingParameters(await snapshot());
  }
  return parameters;
}
