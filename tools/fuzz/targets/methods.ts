/** Guidance, solvers, speculation and the related methods: options of functions, and data that they are given. */
import {
  ancestral,
  classifierFreeGuidance,
  cosineSchedule,
  createRandom,
  ddim,
  diffusionForcing,
  pyramid,
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { codecFromConfig } from "@diffusion-forcing/core/bundle";
import { sum } from "@diffusion-forcing/core/graph";
import { cpHead, ctcTargets } from "@diffusion-forcing/core/models";
import { discreteBayesianFlow, processFromConfig, selfLabels } from "@diffusion-forcing/core/process";
import {
  ctcBeam,
  fractionalHistoryGuidance,
  learnedPrior,
  reconstructionGuidance,
  sampleSymbols,
  schedulingMatrix,
  speculative,
  symbolPrior,
  temporalHistoryGuidance,
  treeSearch,
} from "@diffusion-forcing/core/sampling";
import {
  constrainedTraining,
  dropCondition,
  multipliersOf,
  multiTokenTraining,
  queryCtcTraining,
  selfLabelTraining,
  train,
  truncatedTraining,
  withoutDiscriminator,
  withoutPrototypes,
} from "@diffusion-forcing/core/training";
import { type Target, valueTarget } from "../target.js";
import {
  type Anything,
  first,
  forcing,
  foreign,
  model,
  parameters,
  sampling,
  spread,
  tokens,
  unavailable,
  zerosOf,
} from "./subjects.js";

const head = cpHead({ categories: 3, ahead: 2, rank: 2 });
const writer = transformer({ features: 3, outputs: head.outputs, width: 8, layers: 1, heads: 1 });
const speller = transformer({ features: 2, outputs: 4, width: 8, layers: 1, heads: 1, causal: false });
const labelled = diffusionForcing({
  model: transformer({ features: 2, conditionFeatures: 3, width: 8, layers: 1, heads: 1 }),
  schedule: cosineSchedule(20),
});
const labels = selfLabels({ diffusion: labelled, feature: "layers.0", prototypes: 3 });
const reward = (clean: Anything) => sum(clean, [1, 2]);

/** Steps of a sampler with those options. */
const sampled = (options: Anything) => sampling(options, (sampler) => sampler.sample({ length: 3, seed: 1 }));

const known = tensor(new Float32Array(6), [1, 3, 2]);
const guided: Target[] = [
  valueTarget(
    "guidance",
    [{ reward, guidanceScale: 2, samples: 2 }],
    (guidance) => sampled({ guidance: guidance as Anything }),
    foreign,
  ),
  valueTarget(
    "reconstructionGuidance",
    [{ guidanceScale: 2, tokenShape: [2], samples: 1 }],
    (given) =>
      sampling({ guidance: reconstructionGuidance(given as Anything) }, (sampler) =>
        sampler.sample({ length: 3, seed: 1, guidanceInputs: { known, mask: known } }),
      ),
    foreign,
  ),
  valueTarget(
    "classifierFreeGuidance",
    [{ scale: 2 }],
    (given) => sampled({ scores: classifierFreeGuidance(given as Anything) }),
    foreign,
  ),
  valueTarget(
    "fractionalHistoryGuidance",
    [{ scale: 2, level: 5, stabilizationLevel: 1 }],
    (given) => sampled({ scores: fractionalHistoryGuidance(given as Anything) }),
    foreign,
  ),
  valueTarget(
    "temporalHistoryGuidance",
    [
      [
        { weight: 1, tokens: [-1, 0], level: 2 },
        { weight: 0.5, tokens: [1] },
      ],
    ],
    (given) => sampled({ scores: temporalHistoryGuidance(given as Anything) }),
    foreign,
  ),
  valueTarget(
    "treeSearch",
    [{ children: 2, depth: 2, expansions: 3, lookAheadSteps: 2, exploration: 0.5 }],
    (given) =>
      sampling({ solver: ddim({ eta: 1 }) }, (sampler) =>
        treeSearch({
          sampler,
          request: {
            tokens: { ...tokens, shape: [1, 6, 2] } as Anything,
            rows: schedulingMatrix(pyramid(), 4, 6).rows,
            seed: 1,
          },
          score: () => 1,
          ...(given as object),
        }),
      ),
    foreign,
  ),
];

const stepped: Target[] = [
  valueTarget("ddim", [{ eta: 0.5 }], (given) => sampled({ solver: ddim(given as Anything) }), foreign),
  valueTarget("ancestral", [{ variance: 0.5 }], (given) => sampled({ solver: ancestral(given as Anything) }), foreign),
  valueTarget(
    "a solver of one's own",
    // What it says of itself; what its functions throw is its own.
    [{ config: { kind: "mine" }, draws: 1, evaluations: 1, needsPath: false }],
    (said) => sampled({ solver: { ...ancestral(), ...(said as object) } }),
    foreign,
  ),
  valueTarget(
    "speculative",
    [{ draft: "frozen", length: 3 }, { draft: { diffusion: forcing, parameters } }],
    (given) => sampled({ solver: ancestral(), speculation: speculative(given as Anything) }),
    foreign,
  ),
  valueTarget(
    "start",
    [
      { level: 5, prior: ({ noise }: Anything) => noise },
      { level: [5, 9], prior: ({ noise }: Anything) => noise },
    ],
    (start) => sampled({ start: start as Anything }),
    foreign,
  ),
];

const processes: Target[] = [
  valueTarget(
    "config of a flow of symbols or bins",
    [
      { kind: "discrete-bayesian-flow", categories: 2, levels: 20, finalAccuracy: 3, final: "mode", noiseClip: 5 },
      { kind: "discretized-bayesian-flow", bins: 8, levels: 20, finalStd: 0.1, final: "sample" },
    ],
    processFromConfig,
  ),
  valueTarget(
    "discreteBayesianFlow",
    [{ categories: 2, levels: 20, finalAccuracy: 3 }],
    (given) => first(diffusionForcing({ model, process: discreteBayesianFlow(given as Anything) })),
    foreign,
  ),
  valueTarget(
    "learned codec's config",
    [
      { kind: "variational-autoencoder", features: 4, latentFeatures: 2, width: 8, layers: 1, klWeight: 0.5 },
      { kind: "kept", kept: 2, codec: { kind: "normalization", mean: [0, 1], std: [1, 2] } },
    ],
    (config) => {
      try {
        codecFromConfig(config);
      } catch (error) {
        // Its weights are elsewhere: the configuration was read.
        if ((error as Anything).code !== "checkpoint-mismatch") throw error;
      }
    },
  ),
];

const trained: Target[] = [
  valueTarget("cpHead", [{ categories: 3, ahead: 2, rank: 2 }], (given) => cpHead(given as Anything), foreign),
  valueTarget(
    "multiTokenTraining",
    [{ model: writer, head, balance: 0.1 }],
    (given) => multiTokenTraining(given as Anything),
    foreign,
  ),
  valueTarget(
    "sampleSymbols",
    [{ batch: 1, length: 4, seed: 1, speculate: true }],
    (given) =>
      sampleSymbols({
        backend: unavailable,
        model: writer,
        head,
        parameters: zerosOf(writer),
        ...(given as Anything),
      }),
    foreign,
  ),
  valueTarget(
    "queryCtcTraining",
    [{ model: speller, categories: 3, queries: 5 }],
    (given) => queryCtcTraining(given as Anything),
    foreign,
  ),
  valueTarget(
    "a batch with targets",
    [{ tokens, targets: [[0, 1], [2]] }],
    (batch) =>
      train(queryCtcTraining({ model: speller, categories: 3, queries: 5 }), {
        backend: unavailable,
        batches: () => batch as Anything,
        steps: 1,
      }),
    foreign,
  ),
  valueTarget("ctcTargets", [[[[0, 1], [2]], 3, 5]], (values) => spread(ctcTargets, values), foreign),
  valueTarget(
    "ctcBeam",
    [
      [
        [
          [-1, -2, -3],
          [-2, -1, -3],
        ],
        { width: 4, lengthNormalization: 0.5 },
      ],
    ],
    (values) => spread(ctcBeam, values),
    foreign,
  ),
  valueTarget(
    "truncatedTraining",
    [{ diffusion: forcing, level: [5, 7, 9], discriminator: model, adversarialWeight: 1, r1: 0.1 }],
    (given) => truncatedTraining(given as Anything),
    foreign,
  ),
  valueTarget(
    "selfLabels",
    [{ diffusion: labelled, feature: "layers.0", prototypes: 3, per: "token", level: 4 }],
    (given) => selfLabels(given as Anything),
    foreign,
  ),
  valueTarget(
    "selfLabelTraining",
    [{ weight: 2, temperature: 0.2, epsilon: 0.1, iterations: 2 }],
    (given) =>
      train(selfLabelTraining({ labels, ...(given as Anything) }), {
        backend: unavailable,
        batches: () => ({ tokens }),
        steps: 1,
      }),
    foreign,
  ),
  valueTarget("dropCondition", [[tokens, 0.5, createRandom(1)]], (values) => spread(dropCondition, values), foreign),
  valueTarget(
    "symbolPrior",
    [{ model: writer, head, parameters: zerosOf(writer), length: 4 }],
    (given) => symbolPrior({ backend: unavailable, ...(given as Anything) }).logProbs([[0, 1]]),
    foreign,
  ),
  valueTarget(
    "learnedPrior",
    [{ backend: unavailable, diffusion: forcing, parameters }],
    (given) => learnedPrior(given as Anything),
    foreign,
  ),
  valueTarget(
    "weights that are split",
    [{ w: tokens, "multiplier.a": tokens, "discriminator.w": tokens, "prototypes.w": tokens }],
    (weights) => {
      for (const split of [multipliersOf, withoutDiscriminator, withoutPrototypes]) split(weights as Anything);
    },
    foreign,
  ),
  valueTarget(
    "constrainedTraining",
    [
      {
        subject: diffusionForcing({ model, schedule: cosineSchedule(20) }),
        constraints: [{ name: "rare", bound: 0.5, batches: () => ({ tokens }) }],
        rate: 0.1,
        resilience: 2,
      },
    ],
    (given) => constrainedTraining(given as Anything),
    foreign,
  ),
];

export const methods: readonly Target[] = [...guided, ...stepped, ...processes, ...trained];
