/** Files and stored configurations. */
import {
  bayesianFlow,
  cosineSchedule,
  createRandom,
  edm,
  flowMatching,
  initializeParameters,
  linearSchedule,
  modelFromConfig,
  sigmoidSchedule,
  transformer,
  variancePreserving,
} from "@diffusion-forcing/core";
import {
  decodeSafetensors,
  decodeTrainingState,
  decodeWeights,
  encodeBundle,
  encodeSafetensors,
  encodeTrainingState,
  encodeWeights,
  filesStore,
  loadBundle,
  parseBundleConfig,
} from "@diffusion-forcing/core/bundle";
import { cpHead } from "@diffusion-forcing/core/models";
import { fromOfficial, toOfficial } from "@diffusion-forcing/core/official";
import { processFromConfig, scheduleFromConfig } from "@diffusion-forcing/core/process";
import { initialTrainingState } from "@diffusion-forcing/core/training";
import { encodePlannerBundle, parsePlannerConfig, readPlannerBundle } from "@diffusion-forcing/tasks/maze2d";
import { fileTarget, type Target, valueTarget } from "../target.js";
import { type Anything, forcing, model, models, parameters } from "./subjects.js";

const state = initialTrainingState(forcing, { seed: 7, keepEma: true });
/** One model of each kind that the official code has, with weights under its names. */
const officials = models
  .filter(({ config }, i) => config.kind !== "dit3d" && i !== 1)
  .map((official) => {
    const weights = toOfficial(official.config, initializeParameters(official, createRandom(0)));
    const bytes = encodeSafetensors(weights as Anything);
    return { config: official.config, weights: decodeSafetensors(bytes).tensors as Anything };
  });
const schedules = [cosineSchedule(20), linearSchedule(50), sigmoidSchedule(30)];
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

const head = cpHead({ categories: 3, ahead: 2, rank: 2 });
const symbolModel = transformer({ features: 3, outputs: head.outputs, width: 8, layers: 1, heads: 2 });
const symbolFiles: Readonly<Record<string, Uint8Array>> = encodeBundle({
  model: symbolModel,
  head,
  parameters: initializeParameters(symbolModel, createRandom(0)),
});
const configOf = ({ "config.json": config }: Readonly<Record<string, Uint8Array>>): Anything =>
  JSON.parse(new TextDecoder().decode(config));

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
  ...Object.entries(symbolFiles).map(([name, file]) =>
    fileTarget(`a symbol bundle's ${name}`, [file], (bytes) =>
      loadBundle(filesStore({ ...symbolFiles, [name]: bytes }), { kinds: ["multi-token"] }),
    ),
  ),
  ...Object.entries(plannerFiles).map(([name, file]) =>
    fileTarget(`planner's ${name}`, [file], (bytes) =>
      readPlannerBundle(filesStore({ ...plannerFiles, [name]: bytes })),
    ),
  ),
];

const configs: Target[] = [
  valueTarget("head config", [head.config], (config) => cpHead(config as Anything)),
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
  valueTarget("bundle config", [plannerFiles, symbolFiles].map(configOf), (config) =>
    parseBundleConfig("config.json", config),
  ),
];

export const stored: readonly Target[] = [...files, ...configs];
