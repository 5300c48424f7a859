import { samplingParameters } from "@diffusion-forcing/core";
import { type VectorQuantizerCodec, vectorQuantizer, vectorQuantizerCodec } from "@diffusion-forcing/core/bundle";
import { trainStream } from "@diffusion-forcing/core/training";
import type { PreparationContext } from "../task.js";
import type { SeparationRecipe } from "./recipe.js";
import type { SoundBank } from "./sound-bank.js";
import { BINS } from "./spectrum.js";

/** Frames of a training batch. */
const BATCH = 192;
/** Steps between the states that are kept. */
const KEPT_EVERY = 250;

/** What the codec is trained with. */
type CodecTraining = Required<Pick<PreparationContext, "backend">> &
  Pick<PreparationContext, "codecState" | "signal" | "onProgress">;

/** Learns the codes of frames: of both sources and of their sums. @throws `aborted` */
export async function learnCodec(
  bank: SoundBank,
  { codec }: Pick<SeparationRecipe, "codec">,
  { backend, codecState, signal, onProgress }: CodecTraining,
): Promise<VectorQuantizerCodec> {
  const { codes, latentFeatures, codecWidth: width, codecSteps, codecLearningRate } = codec;
  const quantizer = vectorQuantizer({ features: BINS, latentFeatures, codes, width, layers: 1 });
  const resume = await codecState?.load();
  const run = trainStream(quantizer, {
    backend,
    batches: (_step, random) => ({ tokens: bank.drawFrames(BATCH, random) }),
    steps: codecSteps,
    optimizer: { learningRate: codecLearningRate },
    learningRate: { kind: "cosine", warmupSteps: Math.min(50, codecSteps) },
    ...(codecState ? { checkpoint: { every: KEPT_EVERY, save: codecState.save } } : {}),
    ...(resume ? { resume } : {}),
    ...(signal ? { signal } : {}),
  });
  let parameters = resume === undefined ? {} : samplingParameters(resume);
  for await (const { step, steps, loss, isLast, snapshot } of run) {
    onProgress?.(step, steps, `codec, loss ${loss.toFixed(2)}`);
    if (isLast) parameters = samplingParameters(await snapshot());
  }
  return vectorQuantizerCodec({ quantizer, parameters, backend });
}
