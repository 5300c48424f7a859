import { type Codec, type HostTensor, samplingParameters, tensor } from "@diffusion-forcing/core";
import {
  autoencoderCodec,
  chainCodecs,
  fitNormalization,
  keptCodec,
  normalizationCodec,
  variationalAutoencoder,
} from "@diffusion-forcing/core/bundle";
import { trainStream } from "@diffusion-forcing/core/training";
import type { PreparationContext } from "../task.js";
import { actionSize } from "./observation.js";
import type { ImageCodecRecipe } from "./recipe.js";

/** Images of a training batch. */
const BATCH = 64;
/** Steps between the states that are kept. */
const KEPT_EVERY = 250;
/** Demonstrations that the tokens are normalised by. */
const NORMALIZED_BY = 50;

/** What the codec is trained with. */
type CodecTraining = Required<Pick<PreparationContext, "backend">> &
  Pick<PreparationContext, "codecState" | "signal" | "onProgress">;

/**
 * Learns what stands between demonstrations and tokens: actions pass as they are, images become the means that an
 * autoencoder's posterior has; all with mean 0 and deviation 1 by feature. Few latent features are enough, and better
 * than many: an image has a handful of degrees of freedom, and what a token holds beyond them distracts from the action.
 *
 * @param demonstrations [1, T, 3 + pixels] each
 * @throws `aborted`
 */
export async function learnImageCodec(
  demonstrations: readonly HostTensor<"float32">[],
  { latentFeatures, codecWidth, klWeight, codecSteps, codecLearningRate }: ImageCodecRecipe,
  { backend, codecState, signal, onProgress }: CodecTraining,
): Promise<Codec> {
  const [, length, size] = (demonstrations[0] as HostTensor).shape as [number, number, number];
  const pixels = size - actionSize;
  const autoencoder = variationalAutoencoder({
    features: pixels,
    latentFeatures,
    width: codecWidth,
    layers: 1,
    klWeight,
  });
  const resume = await codecState?.load();
  const run = trainStream(autoencoder, {
    backend,
    batches: (_step, random) => {
      const images = new Float32Array(BATCH * pixels);
      for (let i = 0; i < BATCH; i++) {
        const { data } = demonstrations[random.integer(0, demonstrations.length)] as HostTensor<"float32">;
        const at = random.integer(0, length) * size + actionSize;
        images.set(data.subarray(at, at + pixels), i * pixels);
      }
      return { tokens: tensor(images, [BATCH, 1, pixels]) };
    },
    steps: codecSteps,
    optimizer: { learningRate: codecLearningRate },
    learningRate: { kind: "cosine", warmupSteps: Math.min(50, codecSteps) },
    emaDecay: 0.99,
    ...(codecState ? { checkpoint: { every: KEPT_EVERY, save: codecState.save } } : {}),
    ...(resume ? { resume } : {}),
    ...(signal ? { signal } : {}),
  });
  let parameters = resume === undefined ? {} : samplingParameters(resume);
  for await (const { step, steps, loss, isLast, snapshot } of run) {
    onProgress?.(step, steps, `codec, loss ${loss.toFixed(2)}`);
    if (isLast) parameters = samplingParameters(await snapshot());
  }
  const learned = keptCodec({ kept: actionSize, codec: autoencoderCodec({ autoencoder, parameters, backend }) });
  const some = await Promise.all(demonstrations.slice(0, NORMALIZED_BY).map((one) => learned.encode(one)));
  const numbers = Float32Array.from(some.flatMap(({ data }) => Array.from(data)));
  const { config } = fitNormalization(numbers, actionSize + latentFeatures);
  return chainCodecs([learned, normalizationCodec({ mean: config.mean, std: config.std })]);
}
