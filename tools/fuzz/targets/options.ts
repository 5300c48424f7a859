/** Options of functions. */
import {
  autoregressive,
  cosineSchedule,
  diffusionForcing,
  dit3d,
  flowMatching,
  fullSequence,
  linearSchedule,
  pyramid,
  recurrent,
  schedulingMatrix,
  sigmoidSchedule,
  transformer,
  trapezoid,
  unet3d,
} from "@diffusion-forcing/core";
import { codecFromConfig } from "@diffusion-forcing/core/bundle";
import { evidenceLowerBound } from "@diffusion-forcing/core/likelihood";
import { schedulingMatrixFromName, validateSchedulingMatrix } from "@diffusion-forcing/core/sampling";
import { initialTrainingState } from "@diffusion-forcing/core/training";
import { type Target, valueTarget } from "../target.js";
import {
  type Anything,
  first,
  forcing,
  foreign,
  model,
  models,
  parameters,
  sampling,
  spread,
  tokens,
  unavailable,
  zerosOf,
} from "./subjects.js";

const state = initialTrainingState(forcing, { seed: 7, keepEma: true });
const told = transformer({ features: 2, conditionFeatures: 1, width: 8, layers: 1, heads: 1 });
const conditioned = diffusionForcing({ model: told, schedule: cosineSchedule(20) }).sampler({
  backend: unavailable,
  parameters: zerosOf(told),
  timesteps: 4,
});
const matrix = [fullSequence(), autoregressive(), pyramid(), trapezoid({ uncertainty: 2 })];

export const options: readonly Target[] = [
  valueTarget("cosineSchedule", [[20, { s: 0.01 }]], (values) => spread(cosineSchedule, values), foreign),
  valueTarget("linearSchedule", [[50]], (values) => spread(linearSchedule, values), foreign),
  valueTarget(
    "sigmoidSchedule",
    [[30, { start: -3, end: 3, tau: 1 }]],
    (values) => spread(sigmoidSchedule, values),
    foreign,
  ),
  ...Object.entries({ transformer, recurrent, dit3d, unet3d }).map(([name, build]) =>
    valueTarget(
      name,
      models.filter(({ config }) => config.kind === name).map(({ config: { kind: _kind, ...rest } }) => rest),
      (given) => (build as Anything)(given),
      foreign,
    ),
  ),
  valueTarget(
    "diffusionForcing",
    [
      {
        model,
        schedule: cosineSchedule(20),
        objective: "v",
        lossWeighting: { kind: "min-snr", clip: 5 },
      },
      { model, process: flowMatching({ levels: 20 }), lossWeighting: { kind: "fused-snr", clip: 5, decay: 0.9 } },
    ],
    (given) => diffusionForcing(given as Anything),
    foreign,
  ),
  valueTarget(
    "scheduling matrix",
    matrix.map((shape) => [shape, 6, 5]),
    (values) => validateSchedulingMatrix(spread(schedulingMatrix, values) as Anything),
    foreign,
  ),
  valueTarget(
    "scheduling matrix by name",
    [
      ["pyramid", { uncertainty: 2 }],
      ["trapezoid", {}],
    ],
    (values) => spread(schedulingMatrixFromName, values),
    foreign,
  ),
  valueTarget(
    "a matrix of one's own",
    [
      {
        steps: 2,
        tokens: 2,
        rows: [
          [2, 2],
          [1, 2],
          [0, 1],
          [0, 0],
        ],
      },
    ],
    (given) => validateSchedulingMatrix(given as Anything),
    foreign,
  ),
  valueTarget(
    "frame codec",
    [
      { kind: "normalization", mean: [0, 1], std: [1, 2] },
      { kind: "chain", codecs: [{ kind: "image" }, { kind: "frame-stack", frames: 2 }] },
      { kind: "categorical", categories: 5, encoding: "bits" },
    ],
    (given) => codecFromConfig(given),
    foreign,
  ),
  valueTarget(
    "training options",
    [
      {
        steps: 3,
        seed: 1,
        optimizer: { learningRate: 1e-3, weightDecay: 0.01 },
        learningRate: { kind: "cosine", warmupSteps: 1 },
      },
    ],
    (given) => first(forcing.train({ backend: unavailable, batches: () => ({ tokens }), ...(given as Anything) })),
    foreign,
  ),
  valueTarget(
    "a batch",
    [{ tokens }, { tokens, lossMask: tokens }],
    (batch) =>
      first(
        forcing.train({
          backend: unavailable,
          batches: () => batch as Anything,
          steps: 1,
          optimizer: { learningRate: 1 },
        }),
      ),
    foreign,
  ),
  valueTarget(
    "a state to resume",
    [{ ...state }],
    (resume) =>
      first(
        forcing.train({
          backend: unavailable,
          batches: () => ({ tokens }),
          steps: 1,
          seed: 7,
          optimizer: { learningRate: 1 },
          resume: resume as Anything,
        }),
      ),
    foreign,
  ),
  valueTarget(
    "sampler options",
    [
      { timesteps: 4, stabilizationLevel: 1 },
      {
        timesteps: 4,
        parameters,
        scores: [
          { weight: 2, history: { level: 3, tokens: [-1] } },
          { weight: -1, history: { tokens: [] }, condition: "null" },
        ],
      },
    ],
    (given) => sampling(given, (sampler) => sampler.warmup(1, 2)),
    foreign,
  ),
  valueTarget(
    "sample options",
    [
      { batch: 2, length: 3, seed: 1 },
      { context: tokens, length: 2, seed: 1 },
    ],
    (given) => sampling({}, (sampler) => sampler.sample(given)),
    foreign,
  ),
  valueTarget(
    "likelihood options",
    [
      {
        tokens,
        timesteps: 2,
        rows: [
          [2, 2, 2],
          [1, 1, 1],
          [0, 0, 0],
        ],
        draws: 2,
        seed: 1,
        variance: 0.5,
      },
    ],
    (given) => evidenceLowerBound(forcing, { backend: unavailable, parameters, ...(given as Anything) }),
    foreign,
  ),
  valueTarget(
    "rollout options",
    [
      { length: 3, window: 4, chunk: 1, batch: 1, matrix: pyramid() },
      { context: { ...tokens }, length: 1, window: 4 },
    ],
    (given) => sampling({}, (sampler) => sampler.rollout({ seed: 0, ...(given as object) })),
    foreign,
  ),
  valueTarget(
    "condition of a rollout",
    [{ dtype: "float32", shape: [1, 3, 1], data: Float32Array.of(1, 2, 3) }],
    (condition) => first(conditioned.rollout({ seed: 0, length: 3, window: 4, condition: condition as Anything })),
    foreign,
  ),
];
