import { variationalAutoencoder } from "../codecs/autoencoder/index.js";
import { vectorQuantizer } from "../codecs/vector-quantizer/index.js";
import { selfLabels } from "../diffusion/self-labels.js";
import { gradient } from "../engine/autodiff/gradient.js";
import type { Graph } from "../engine/graph/graph.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { createRandom } from "../engine/random/index.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import { cpHead } from "../models/cp-head.js";
import type { Model } from "../models/model.js";
import { transformer } from "../models/transformer/index.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { Batch } from "../training/batch.js";
import { constrainedTraining } from "../training/constraints.js";
import { multiTokenTraining } from "../training/multi-token.js";
import { queryCtcTraining } from "../training/query-ctc.js";
import { selfLabelTraining } from "../training/self-labels.js";
import type { Trainable } from "../training/trainable.js";
import { truncatedTraining } from "../training/truncated.js";
import { drawnParameters } from "./apply-model.js";
import { drawTensor } from "./values.js";

/** A training whose loss is more than a diffusion's, and a batch for it. */
export interface LossCase {
  readonly name: string;
  readonly trainable: () => Trainable;
  readonly batch: () => Batch;
  /** Whether slopes are stopped on purpose, so that they do not add up to differences of the loss. */
  readonly isStopped?: true;
}

const small = { width: 8, layers: 1, heads: 2, feedForward: 12 } as const;
const process = variancePreserving(cosineSchedule(10), { noiseClip: 6 });
const diffusionOf = (model: Model) => ({ model, process, lossWeighting: process.lossWeighting });
const drawn = (shape: readonly number[], seed: number): HostTensor =>
  drawTensor({ dtype: "float32", shape, low: -1, high: 1 }, seed);

/** Symbols as `categoricalCodec` writes them, [1, T, V]. */
function oneHot(symbols: readonly number[], categories: number): HostTensor {
  const data = symbols.flatMap((symbol) => Array.from({ length: categories }, (_, k) => (k === symbol ? 1 : -1)));
  return tensor(data, [1, symbols.length, categories]);
}

/** Every loss there is besides a diffusion's own, which {@link modelCases} hold. */
export const lossCases: readonly LossCase[] = [
  {
    name: "two symbols at once, a mixture of three",
    trainable: () => {
      const head = cpHead({ categories: 3, ahead: 2, rank: 3 });
      return multiTokenTraining({ model: transformer({ ...small, features: 3, outputs: head.outputs }), head });
    },
    batch: () => ({ tokens: oneHot([0, 2, 2, 1, 0], 3) }),
  },
  {
    name: "targets of any length by query-CTC",
    trainable: () => {
      const model = transformer({ ...small, features: 2, outputs: 3, causal: false });
      return queryCtcTraining({ model, categories: 2, queries: 4 });
    },
    batch: () => ({ tokens: drawn([3, 2, 2], 4), targets: [[], [0, 0], [1, 0, 1]] }),
  },
  {
    name: "a truncated diffusion and its prior, second derivatives among its slopes",
    trainable: () =>
      truncatedTraining({
        diffusion: diffusionOf(transformer({ ...small, features: 2 })),
        discriminator: transformer({ ...small, features: 2, causal: false, noiseEmbedding: "film" }),
        level: 4,
        r1: 0.5,
      }),
    batch: () => ({ tokens: drawn([2, 3, 2], 5) }),
    isStopped: true,
  },
  {
    name: "labels by a diffusion's own features",
    trainable: () => {
      const diffusion = diffusionOf(transformer({ ...small, features: 2, conditionFeatures: 3 }));
      return selfLabelTraining({ labels: selfLabels({ diffusion, feature: "layers.0", prototypes: 3 }) });
    },
    batch: () => ({ tokens: drawn([4, 2, 2], 6) }),
    isStopped: true,
  },
  {
    name: "a diffusion under a constraint, resilient",
    trainable: () =>
      constrainedTraining({
        subject: diffusionOf(transformer({ ...small, features: 2 })),
        constraints: [{ name: "rare", bound: 0.1, batches: () => ({ tokens: drawn([1, 3, 2], 8) }) }],
        resilience: 2,
      }).trainable,
    batch: () => ({ tokens: drawn([2, 3, 2], 7), constraints: { rare: { tokens: drawn([1, 3, 2], 8) } } }),
  },
  {
    name: "a variational autoencoder of symbols",
    trainable: () =>
      variationalAutoencoder({
        ...{ features: 6, latentFeatures: 2, width: 8, layers: 1, klWeight: 0.1 },
        reconstruction: { kind: "categorical", categories: 3 },
      }),
    batch: () => ({ tokens: tensor(oneHot([0, 2, 2, 1, 0, 1], 3).data as Float32Array, [1, 3, 6]) }),
  },
  {
    name: "a vector-quantised autoencoder",
    trainable: () => vectorQuantizer({ features: 4, latentFeatures: 2, codes: 3, width: 8, layers: 1 }),
    batch: () => ({ tokens: drawn([2, 3, 4], 10) }),
    isStopped: true,
  },
];

/** A loss with values for its parameters and a batch, and the graph to run on them. */
export interface LossProblem {
  /** Parameters under `parameters/NAME`, and the inputs of the loss under their own names. */
  readonly inputs: HostTensorRecord;
  readonly parameterNames: readonly string[];
  /** `loss`, and its derivative by each parameter under the parameter's name. */
  readonly lossAndGradients: () => Graph;
}

export function lossProblem(lossCase: LossCase): LossProblem {
  const trainable = lossCase.trainable();
  const parameters = drawnParameters(trainable);
  const parameterNames = Object.keys(parameters);
  const weights = Object.entries(parameters).map(([name, value]) => [`parameters/${name}`, value] as const);
  const batch = lossCase.batch();
  trainable.checkBatch(batch);
  const inputs = { ...Object.fromEntries(weights), ...trainable.inputs(batch, createRandom(9)) };
  return {
    inputs,
    parameterNames,
    lossAndGradients: () =>
      trace<string>(inputs, (values) => {
        const own = Object.fromEntries(parameterNames.map((name) => [name, values[`parameters/${name}`] as Value]));
        const { loss } = trainable.loss(own, values);
        const slopes = gradient(loss, Object.values(own));
        return { loss, ...Object.fromEntries(parameterNames.map((name, i) => [name, slopes[i] as Value])) };
      }),
  };
}
