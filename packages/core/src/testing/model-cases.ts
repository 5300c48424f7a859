import type { Diffusion } from "../diffusion/diffusion.js";
import { diffusionForcingLoss } from "../diffusion/loss.js";
import { gradient } from "../engine/autodiff/gradient.js";
import type { Graph } from "../engine/graph/graph.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import { dit3d } from "../models/dit3d/index.js";
import type { Model } from "../models/model.js";
import { recurrent } from "../models/recurrent/index.js";
import { transformer } from "../models/transformer/index.js";
import { unet3d } from "../models/unet3d/index.js";
import { bayesianFlow } from "../process/bayesian-flow/continuous.js";
import { discreteBayesianFlow } from "../process/bayesian-flow/discrete.js";
import { discretizedBayesianFlow } from "../process/bayesian-flow/discretized.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { NoiseProcess } from "../process/process.js";
import { tokenPrediction } from "../process/token-prediction/token-prediction.js";
import type { Batch } from "../training/batch.js";
import { drawnParameters } from "./apply-model.js";
import { drawTensor } from "./values.js";

/** A small model that every backend has to run, and how long its sequences are. */
export interface ModelCase {
  readonly name: string;
  readonly model: () => Model;
  /** Default variance preserving. */
  readonly process?: () => NoiseProcess;
  readonly batch: number;
  readonly length: number;
}

const frames = { tokenShape: [2, 4, 4], width: 8, heads: 2 } as const;
const film = { features: 3, width: 8, heads: 2, noiseEmbedding: "film" } as const;
const levels = 10;
const codebook = [
  [1, 0],
  [0, 1],
  [-1, -1],
];

/** Every model there is, its options spread over as few cases as cover them. */
export const modelCases: readonly ModelCase[] = [
  {
    name: "transformer, causal, with a condition",
    model: () => transformer({ features: 3, conditionFeatures: 2, width: 8, layers: 2, heads: 2, feedForward: 12 }),
    batch: 3,
    length: 5,
  },
  {
    name: "transformer, not causal, FiLM",
    model: () => transformer({ ...film, layers: 2, feedForward: 12, causal: false }),
    batch: 2,
    length: 3,
  },
  {
    name: "transformer, other outputs than features, of a discretised Bayesian flow",
    model: () => transformer({ features: 2, outputs: 4, width: 8, layers: 1, heads: 2, feedForward: 12 }),
    process: () => discretizedBayesianFlow({ bins: 4, levels, finalStd: 0.2, noiseClip: 6 }),
    batch: 2,
    length: 3,
  },
  {
    name: "transformer of two codes a token, whose codes are predicted",
    model: () => transformer({ features: 4, outputs: 6, width: 8, layers: 1, heads: 2, feedForward: 12 }),
    process: () => tokenPrediction({ codebook, schedule: cosineSchedule(levels), noiseClip: 6 }),
    batch: 2,
    length: 3,
  },
  {
    name: "transformer, not causal, of a discrete Bayesian flow",
    model: () => transformer({ features: 3, width: 8, layers: 1, heads: 2, feedForward: 12, causal: false }),
    process: () => discreteBayesianFlow({ categories: 3, levels, noiseClip: 6 }),
    batch: 2,
    length: 3,
  },
  {
    name: "transformer, causal, of a continuous Bayesian flow",
    model: () => transformer({ features: 2, width: 8, layers: 1, heads: 2, feedForward: 12 }),
    process: () => bayesianFlow({ levels, noiseClip: 6 }),
    batch: 2,
    length: 3,
  },
  {
    name: "recurrent, two cells, learned initial state, with a condition",
    model: () =>
      recurrent({ features: 3, conditionFeatures: 2, stateSize: 6, width: 4, cells: 2, learnedInitialState: true }),
    batch: 2,
    length: 3,
  },
  {
    name: "recurrent without perceptrons",
    model: () => recurrent({ features: 2, stateSize: 4, width: 4, mlpLayers: 0 }),
    batch: 1,
    length: 4,
  },
  {
    name: "unet3d, causal, rotary, linear attention, statistics per frame, with a condition",
    model: () => unet3d({ ...frames, multipliers: [1, 2], headWidth: 4, conditionFeatures: 2 }),
    batch: 2,
    length: 3,
  },
  {
    name: "unet3d, sinusoidal, not causal, statistics per clip",
    model: () =>
      unet3d({
        ...frames,
        multipliers: [1],
        headWidth: 3,
        positions: "sinusoidal",
        causal: false,
        linearAttention: false,
        initialTemporalAttention: false,
      }),
    batch: 1,
    length: 2,
  },
  {
    name: "dit3d, causal, full attention, rotary, with a condition",
    model: () => dit3d({ ...frames, layers: 2, feedForward: 12, conditionFeatures: 2 }),
    batch: 2,
    length: 3,
  },
  {
    name: "dit3d, not causal, factorized attention, sinusoidal",
    model: () =>
      dit3d({ ...frames, layers: 2, feedForward: 12, attention: "factorized", positions: "sinusoidal", causal: false }),
    batch: 2,
    length: 3,
  },
  {
    name: "dit3d of vectors",
    model: () => dit3d({ tokenShape: [3], width: 8, heads: 2, layers: 1 }),
    batch: 2,
    length: 4,
  },
];

/** A model with values for its parameters and a batch, and the graphs to run on them. */
export interface ModelProblem {
  /** Parameters under their own names, and `tokens`, `noiseLevels`, `noise`, `condition`. */
  readonly inputs: HostTensorRecord;
  readonly parameterNames: readonly string[];
  /** `output` of the model on the tokens as they are. */
  readonly forward: () => Graph;
  /** The training `loss`, and its derivative by each parameter under the parameter's name. */
  readonly lossAndGradients: () => Graph;
  /** The training loss from traced inputs. */
  readonly loss: (values: Readonly<Record<string, Value>>) => Value;
}

function drawn(shape: readonly number[], seed: number): HostTensor {
  return drawTensor({ dtype: "float32", shape, low: -1.5, high: 1.5 }, seed);
}

/** Sequences to train a case's model on, with a condition where it takes one. */
export function modelBatch({ batch, length }: ModelCase, model: Model): Batch {
  const { tokenShape, conditionFeatures } = model;
  const tokens = drawn([batch, length, ...tokenShape], 1);
  return conditionFeatures > 0 ? { tokens, condition: drawn([batch, length, conditionFeatures], 3) } : { tokens };
}

/** A case's model under its process. */
export function modelDiffusion(modelCase: ModelCase): Diffusion {
  return {
    model: modelCase.model(),
    process: modelCase.process?.() ?? variancePreserving(cosineSchedule(levels), { noiseClip: 6 }),
    lossWeighting: { kind: "fused-snr", clip: 5, decay: 0.9 },
  };
}

export function modelProblem(modelCase: ModelCase): ModelProblem {
  const { batch, length } = modelCase;
  const diffusion = modelDiffusion(modelCase);
  const { model } = diffusion;
  const parameters = drawnParameters(model);
  const parameterNames = Object.keys(parameters);
  const { tokens, condition } = modelBatch(modelCase, model);
  // Clean and pure noise among them.
  const noiseLevels = Int32Array.from({ length: batch * length }, (_, i) => (7 * i) % (levels + 1));
  const inputs: HostTensorRecord = {
    ...parameters,
    tokens,
    noise: drawn(tokens.shape, 2),
    noiseLevels: tensor(noiseLevels, [batch, length]),
    ...(condition === undefined ? {} : { condition }),
  };
  const given = (values: Readonly<Record<string, Value>>) => ({
    tokens: values.tokens as Value,
    noiseLevels: values.noiseLevels as Value,
    ...("condition" in values ? { condition: values.condition as Value } : {}),
  });
  const loss = (values: Readonly<Record<string, Value>>): Value =>
    diffusionForcingLoss(diffusion, values, { ...given(values), noise: values.noise as Value }).loss;
  return {
    inputs,
    parameterNames,
    loss,
    forward: () =>
      trace(inputs, (values) => ({ output: model.apply(values, { ...given(values), levelCount: levels }) })),
    lossAndGradients: () =>
      trace(inputs, (values) => {
        const value = loss(values);
        const slopes = gradient(
          value,
          parameterNames.map((name) => values[name] as Value),
        );
        return { loss: value, ...Object.fromEntries(parameterNames.map((name, i) => [name, slopes[i] as Value])) };
      }),
  };
}
