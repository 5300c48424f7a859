import { type Backend, type Codec, createRandom, samplingParameters } from "@diffusion-forcing/core";
import {
  autoencoderCodec,
  categoricalCodec,
  chainCodecs,
  fitNormalization,
  frameStackCodec,
  normalizationCodec,
  variationalAutoencoder,
} from "@diffusion-forcing/core/bundle";
import { trainStream } from "@diffusion-forcing/core/training";
import type { PreparationContext } from "../task.js";
import { type Chorale, SYMBOLS, VOICES } from "./chorales.js";
import { drawExcerpts } from "./excerpts.js";
import type { MusicRecipe } from "./recipe.js";
import { symbolsOf } from "./symbols.js";

/** Items of a training batch, each as long as a token. */
const BATCH = 128;
/** Items by which the tokens are normalised. */
const NORMALIZED_BY = 4096;

/** What the codec is trained with. */
export interface CodecTraining extends Pick<PreparationContext, "codecState" | "signal" | "onProgress"> {
  readonly backend: Backend;
}

/** Steps between the states that are kept. */
const KEPT_EVERY = 250;

/**
 * Learns what stands between music and tokens, from symbols int32 [B, F, 4]: one-hot vectors, those of a token's
 * sixteenths side by side, the mean that an autoencoder's posterior has, and that with mean 0 and deviation 1 by feature.
 *
 * @throws `aborted`
 */
export async function learnCodec(
  chorales: readonly Chorale[],
  { music, codec }: Pick<MusicRecipe, "music" | "codec">,
  { backend, codecState, signal, onProgress }: CodecTraining,
): Promise<Codec> {
  const { sixteenths } = music;
  const { latentFeatures, codecWidth, klWeight, codecSteps, codecLearningRate } = codec;
  const plain = [categoricalCodec({ categories: SYMBOLS }), frameStackCodec(sixteenths)] as const;
  const vectors = chainCodecs(plain);
  const autoencoder = variationalAutoencoder({
    features: sixteenths * VOICES * SYMBOLS,
    latentFeatures,
    width: codecWidth,
    klWeight,
    reconstruction: { kind: "categorical", categories: SYMBOLS },
  });
  const excerpts = { count: BATCH, length: sixteenths };
  const resume = await codecState?.load();
  const run = trainStream(autoencoder, {
    backend,
    batches: (_step, random) => ({ tokens: vectors.encode(symbolsOf(drawExcerpts(chorales, excerpts, random))) }),
    steps: codecSteps,
    optimizer: { learningRate: codecLearningRate },
    learningRate: { kind: "cosine", warmupSteps: Math.min(50, codecSteps) },
    emaDecay: 0.995,
    ...(codecState ? { checkpoint: { every: KEPT_EVERY, save: codecState.save } } : {}),
    ...(resume ? { resume } : {}),
    ...(signal ? { signal } : {}),
  });
  let parameters = resume === undefined ? {} : samplingParameters(resume);
  for await (const { step, steps, loss, isLast, snapshot } of run) {
    onProgress?.(step, steps, `codec, loss ${loss.toFixed(2)}`);
    if (isLast) parameters = samplingParameters(await snapshot());
  }
  const learned = autoencoderCodec({ autoencoder, parameters, backend });
  const some = drawExcerpts(
    chorales,
    { count: NORMALIZED_BY, length: sixteenths },
    createRandom(0).split("normalization"),
  );
  const tokens = await chainCodecs([...plain, learned]).encode(symbolsOf(some));
  const { config } = fitNormalization(tokens.data, latentFeatures);
  return chainCodecs([...plain, learned, normalizationCodec({ mean: config.mean, std: config.std })]);
}
