import { type Codec, createRandom } from "@diffusion-forcing/core";
import {
  autoencoderCodec,
  categoricalCodec,
  chainCodecs,
  fitNormalization,
  frameStackCodec,
  normalizationCodec,
  variationalAutoencoder,
} from "@diffusion-forcing/core/bundle";
import { type CodecTraining, trainCodec } from "../codec-training.js";
import { type Chorale, SYMBOLS, VOICES } from "./chorales.js";
import { drawExcerpts } from "./excerpts.js";
import type { MusicRecipe } from "./recipe.js";
import { symbolsOf } from "./symbols.js";

/** Items of a training batch, each as long as a token. */
const BATCH = 128;
/** Items by which the tokens are normalised. */
const NORMALIZED_BY = 4096;

/**
 * Learns what stands between music and tokens, from symbols int32 [B, F, 4]: one-hot vectors, those of a token's
 * sixteenths side by side, the mean that an autoencoder's posterior has, and that with mean 0 and deviation 1 by feature.
 *
 * @throws `aborted`
 */
export async function learnCodec(
  chorales: readonly Chorale[],
  { music, codec }: Pick<MusicRecipe, "music" | "codec">,
  training: CodecTraining,
): Promise<Codec> {
  const { sixteenths } = music;
  const { latentFeatures, codecWidth, klWeight } = codec;
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
  const parameters = await trainCodec(
    autoencoder,
    codec,
    {
      batches: (_step, random) => ({ tokens: vectors.encode(symbolsOf(drawExcerpts(chorales, excerpts, random))) }),
      emaDecay: 0.995,
    },
    training,
  );
  const learned = autoencoderCodec({ autoencoder, parameters, backend: training.backend });
  const some = drawExcerpts(
    chorales,
    { count: NORMALIZED_BY, length: sixteenths },
    createRandom(0).split("normalization"),
  );
  const tokens = await chainCodecs([...plain, learned]).encode(symbolsOf(some));
  const { config } = fitNormalization(tokens.data, latentFeatures);
  return chainCodecs([...plain, learned, normalizationCodec({ mean: config.mean, std: config.std })]);
}
