/** Everything in core, and in the task that it ships with, that reads what files and programs give it. */
import {
  autoregressive,
  type Backend,
  bayesianFlow,
  cosineSchedule,
  createRandom,
  DiffusionForcingError,
  diffusionForcing,
  dit3d,
  edm,
  flowMatching,
  fullSequence,
  initializeParameters,
  linearSchedule,
  modelFromConfig,
  pyramid,
  recurrent,
  schedulingMatrix,
  sigmoidSchedule,
  tensor,
  transformer,
  trapezoid,
  unet3d,
  variancePreserving,
} from "@diffusion-forcing/core";
import {
  codecFromConfig,
  decodeSafetensors,
  decodeTrainingState,
  decodeWeights,
  encodeSafetensors,
  encodeTrainingState,
  encodeWeights,
  filesStore,
  parseBundleConfig,
} from "@diffusion-forcing/core/bundle";
import { evidenceLowerBound } from "@diffusion-forcing/core/likelihood";
import {
  crps,
  energyDistance,
  frechetDistance,
  maximumMeanDiscrepancy,
  psnr,
  quantileCrpsSum,
  ssim,
} from "@diffusion-forcing/core/metrics";
import { fromOfficial, toOfficial } from "@diffusion-forcing/core/official";
import { processFromConfig, scheduleFromConfig } from "@diffusion-forcing/core/process";
import { schedulingMatrixFromName, validateSchedulingMatrix } from "@diffusion-forcing/core/sampling";
import { initialTrainingState } from "@diffusion-forcing/core/training";
import { encodePlannerBundle, parsePlannerConfig, readPlannerBundle } from "@diffusion-forcing/tasks/maze2d";
import { fileTarget, type Target, valueTarget } from "./target.js";

/** Readers are called with what their types forbid. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tried here
type Anything = any;

const model = transformer({ features: 2, width: 8, layers: 1, heads: 1, feedForward: 4, positions: "sinusoidal" });
const parameters = initializeParameters(model, createRandom(0));
const forcing = diffusionForcing({ model, schedule: cosineSchedule(20) });
const state = initialTrainingState(forcing, { seed: 7, keepEma: true });
const models = [
  model,
  transformer({ features: 3, conditionFeatures: 2, width: 8, layers: 2, heads: 2, causal: false }),
  recurrent({ features: 2, width: 4, stateSize: 4 }),
  dit3d({ tokenShape: [1, 4, 4], patchSize: 2, width: 8, layers: 1, heads: 1 }),
  unet3d({ tokenShape: [1, 8, 8], width: 8 }),
];
/** One model of each kind that the official code has, with weights under its names. */
const officials = models
  .filter(({ config }, i) => config.kind !== "dit3d" && i !== 1)
  .map((official) => {
    const weights = toOfficial(official.config, initializeParameters(official, createRandom(0)));
    const bytes = encodeSafetensors(weights as Anything);
    return { config: official.config, weights: decodeSafetensors(bytes).tensors as Anything };
  });
const schedules = [cosineSchedule(20), linearSchedule(50), sigmoidSchedule(30)];

/** Ends work where its options have been read and its graph is built: nothing is computed. */
const unavailable: Backend = {
  specVersion: 1,
  name: "unavailable",
  device: "cpu",
  capabilities: { deviceTensors: false },
  compile: async () => {
    throw new DiffusionForcingError("backend-unavailable", "Nothing is computed here.");
  },
  dispose: async () => undefined,
};
const matrix = [fullSequence(), autoregressive(), pyramid(), trapezoid({ uncertainty: 2 })];

const tokens = tensor(
  Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)),
  [2, 3, 2],
);

/** Ends what was started: a promise, or the first value of a stream. */
async function first(work: Anything): Promise<void> {
  const stream = work?.[Symbol.asyncIterator]?.() as AsyncIterator<unknown> | undefined;
  if (stream === undefined) await work;
  else await stream.next();
}

async function sampling(options: Anything, use: (sampler: Anything) => unknown): Promise<void> {
  const sampler = forcing.sampler({ backend: unavailable, parameters, timesteps: 4, ...options });
  await first(use(sampler));
}

const plannerConfig = {
  kind: "maze2d-planner",
  maze: "umaze",
  fields: ["position"],
  frameStack: 1,
  lengths: [4, 7],
  model: model.config,
  schedule: schedules[0]?.config,
  objective: "v",
  lossWeighting: { kind: "min-snr", clip: 5 },
  clipNoise: 20,
};
const plannerFiles: Readonly<Record<string, Uint8Array>> = encodePlannerBundle({
  config: plannerConfig as Anything,
  parameters,
  normalizer: { mean: [0, 0], std: [1, 1] },
});

const mixed = encodeSafetensors(
  {
    a: { dtype: "F64", shape: [2], data: Float64Array.of(1, 2) },
    b: { dtype: "I64", shape: [1, 1], data: BigInt64Array.of(3n) },
    c: { dtype: "bool", shape: [3], data: Uint8Array.of(0, 1, 0) },
    d: { dtype: "int32", shape: [], data: Int32Array.of(4) },
  },
  { format: "pt", note: 'a "quoted" note' },
);

const files: Target[] = [
  fileTarget(
    "safetensors",
    [mixed, encodeWeights(parameters, { metadata: { format: "pt" } }), encodeWeights(parameters, { dtype: "float16" })],
    decodeSafetensors,
  ),
  fileTarget("weights", [encodeWeights(parameters)], decodeWeights),
  fileTarget("training state", [encodeTrainingState(state)], decodeTrainingState),
  fileTarget("official weights", [encodeSafetensors(toOfficial(model.config, parameters) as Anything)], (bytes) =>
    fromOfficial(model.config, decodeSafetensors(bytes).tensors),
  ),
  ...Object.entries(plannerFiles).map(([name, file]) =>
    fileTarget(`planner's ${name}`, [file], (bytes) =>
      readPlannerBundle(filesStore({ ...plannerFiles, [name]: bytes })),
    ),
  ),
];

const configs: Target[] = [
  valueTarget(
    "model config",
    models.map(({ config }) => config),
    (config) => modelFromConfig(config as Anything),
  ),
  valueTarget(
    "official config",
    officials.map(({ config }) => config),
    (config) => {
      const weights = officials.find((official) => official.config.kind === (config as Anything)?.kind)?.weights;
      return fromOfficial(config as Anything, weights ?? {});
    },
  ),
  valueTarget(
    "schedule config",
    schedules.map(({ config }) => config),
    (config) => scheduleFromConfig(config as Anything),
  ),
  valueTarget(
    "process config",
    [
      variancePreserving(cosineSchedule(20)),
      flowMatching({ levels: 20 }),
      edm({ levels: 20 }),
      bayesianFlow({ levels: 20 }),
    ].map(({ config }) => config),
    (config) => processFromConfig(config as Anything),
  ),
  valueTarget("planner config", [plannerConfig], parsePlannerConfig),
  valueTarget("bundle config", [JSON.parse(new TextDecoder().decode(plannerFiles["config.json"]))], (config) =>
    parseBundleConfig("config.json", config),
  ),
];

const foreign = { foreign: true };
const options: Target[] = [
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
];

const points = { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] };
const images = { shape: [1, 12, 12], data: Array.from({ length: 144 }, (_, i) => i / 144) };
const metrics: Target[] = [
  valueTarget("crps", [{ samples: points, truth: { shape: [2], data: [1, 2] } }], (f) => crps(f as Anything), foreign),
  valueTarget(
    "quantile crps",
    [
      {
        samples: { shape: [20, 1], data: Array.from({ length: 20 }, (_, i) => Math.sin(i)) },
        truth: { shape: [1], data: [2] },
      },
    ],
    (f) => quantileCrpsSum(f as Anything),
    foreign,
  ),
  ...Object.entries({ energyDistance, frechetDistance, maximumMeanDiscrepancy }).map(([name, distance]) =>
    valueTarget(name, [[points, points, {}]], (values) => spread(distance, values), foreign),
  ),
  valueTarget("psnr", [[images, images, 1]], (values) => spread(psnr, values), foreign),
  valueTarget("ssim", [[images, images, { range: 1, window: 11 }]], (values) => spread(ssim, values), foreign),
];

/** Calls a function with a list of arguments that may be no list any more. */
function spread(f: Anything, values: unknown): unknown {
  return Array.isArray(values) ? f(...values) : f(values);
}

export const targets: readonly Target[] = [...files, ...configs, ...options, ...metrics];
