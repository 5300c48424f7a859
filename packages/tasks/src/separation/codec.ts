import { type VectorQuantizerCodec, vectorQuantizer, vectorQuantizerCodec } from "@diffusion-forcing/core/bundle";
import type { TrainingOptions } from "@diffusion-forcing/core/training";
import { type CodecTraining, trainCodec } from "../codec-training.js";
import type { SeparationRecipe } from "./recipe.js";
import type { SoundBank } from "./sound-bank.js";
import { BINS } from "./spectrum.js";

/** Frames of a training batch. */
const BATCH = 192;

/** Learns the codes of frames: of both sources and of their sums. @throws `aborted` */
export async function learnCodec(
  bank: SoundBank,
  { codec }: Pick<SeparationRecipe, "codec">,
  training: CodecTraining,
): Promise<VectorQuantizerCodec> {
  const { codes, latentFeatures, codecWidth: width } = codec;
  const quantizer = vectorQuantizer({ features: BINS, latentFeatures, codes, width, layers: 1 });
  const batches: TrainingOptions["batches"] = (_step, random) => ({ tokens: bank.drawFrames(BATCH, random) });
  const parameters = await trainCodec(quantizer, codec, { batches }, training);
  return vectorQuantizerCodec({ quantizer, parameters, backend: training.backend });
}
