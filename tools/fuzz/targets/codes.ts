/** Codes: quantisers, the process that predicts them, counted sums, and the sounds that are taken apart. */
import { cosineSchedule, diffusionForcing, transformer } from "@diffusion-forcing/core";
import {
  autoencoderCodec,
  codecFromConfig,
  variationalAutoencoder,
  vectorQuantizer,
  vectorQuantizerCodec,
} from "@diffusion-forcing/core/bundle";
import { codeUsage } from "@diffusion-forcing/core/metrics";
import { processFromConfig, tokenPrediction } from "@diffusion-forcing/core/process";
import { codePrior, markovPrior, SumCounts, separate } from "@diffusion-forcing/core/sampling";
import { readWav, writeWav } from "@diffusion-forcing/tasks/separation";
import { fileTarget, type Target, valueTarget } from "../target.js";
import { type Anything, foreign, spread, unavailable, zerosOf } from "./subjects.js";

const codebook = [
  [1, 0],
  [0, 1],
  [-1, -1],
];
const chain = {
  initial: [0.5, 0.25, 0.25],
  transition: [
    [0.5, 0.25, 0.25],
    [0.25, 0.5, 0.25],
    [0.25, 0.25, 0.5],
  ],
};
const prior = markovPrior(chain);
const counts = new SumCounts(3);
counts.add([0, 1, 2, 0], [1, 1, 0, 2], [2, 0, 1, 1]);
const quantizer = vectorQuantizer({ features: 3, latentFeatures: 2, codes: 3, width: 4, layers: 1 });
const autoencoder = variationalAutoencoder({ features: 3, latentFeatures: 2, width: 4, layers: 1 });
const coded = diffusionForcing({
  model: transformer({ features: 2, outputs: 3, width: 8, layers: 1, heads: 1 }),
  process: tokenPrediction({ codebook, schedule: cosineSchedule(20) }),
});
const sound = writeWav(Float32Array.from({ length: 400 }, (_, n) => Math.sin(n / 5)));

export const codes: readonly Target[] = [
  valueTarget(
    "vector quantizer's config",
    [{ kind: "vector-quantizer", features: 4, latentFeatures: 2, codes: 8, width: 8, layers: 1, commitment: 0.5 }],
    (config) => {
      try {
        codecFromConfig(config);
      } catch (error) {
        // Its weights are elsewhere: the configuration was read.
        if ((error as Anything).code !== "checkpoint-mismatch") throw error;
      }
    },
  ),
  valueTarget(
    "vectorQuantizer",
    [{ features: 4, latentFeatures: 2, codes: 8, coverage: 0.5 }],
    (given) => vectorQuantizer(given as Anything),
    foreign,
  ),
  valueTarget(
    "config of predicted tokens",
    [
      {
        kind: "token-prediction",
        codebook,
        schedule: { kind: "cosine", levels: 20, s: 0.008 },
        temperature: 0.5,
        noiseClip: 6,
      },
    ],
    processFromConfig,
  ),
  valueTarget(
    "tokenPrediction",
    [{ codebook, temperature: 1, noiseClip: 6 }],
    (given) => tokenPrediction(given as Anything),
    foreign,
  ),
  valueTarget("markovPrior", [chain], (given) => markovPrior(given as Anything), foreign),
  valueTarget(
    "counted sums",
    [{ first: [0, 1], second: [1, 1], sum: [2, 0], options: { symmetric: true, times: 2 } }],
    (given) => {
      const { first, second, sum, options } = (given ?? {}) as Anything;
      new SumCounts(3).add(first, second, sum, options);
    },
    foreign,
  ),
  valueTarget(
    "separate",
    [
      { mixture: [2, 0, 1], search: { kind: "beam", beams: 4 }, likelihoodWeight: 0.5 },
      { mixture: [2, 1], search: { kind: "sample", seed: 1, topK: 3 } },
    ],
    (given) => separate({ priors: [prior, prior], counts, ...(given as Anything) }),
    foreign,
  ),
  valueTarget(
    "what a prior says",
    [[[-1, -2, -3]]],
    (laws) => {
      const mine = { categories: 3, logProbs: () => laws as Anything };
      return separate({ priors: [mine, mine], counts, mixture: [2], search: { kind: "beam", beams: 4 } });
    },
    foreign,
  ),
  valueTarget(
    "prefixes of a prior",
    [
      [
        [0, 1],
        [1, 1],
      ],
    ],
    (prefixes) => {
      const given = { backend: unavailable, diffusion: coded, parameters: zerosOf(coded.model), length: 4 };
      return codePrior(given).logProbs(prefixes as Anything);
    },
    foreign,
  ),
  valueTarget(
    "vectorQuantizerCodec",
    [{ quantizer, parameters: zerosOf(quantizer) }],
    (given) => vectorQuantizerCodec(given as Anything),
    foreign,
  ),
  valueTarget(
    "autoencoderCodec",
    [{ autoencoder, parameters: zerosOf(autoencoder) }],
    (given) => autoencoderCodec(given as Anything),
    foreign,
  ),
  valueTarget("codeUsage", [[{ shape: [4], data: [0, 1, 2, 0] }, 3]], (values) => spread(codeUsage, values), foreign),
  fileTarget("wav", [sound], (bytes) => readWav({ name: "a.wav", bytes })),
];
