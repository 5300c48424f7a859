// The shelf: what a user of the library types. Everything else stands on the shelves beside it, the subpaths.

export { type Bundle, type BundleSource, type BundleTarget, loadBundle, saveBundle } from "./bundle/index.js";
export type { Codec } from "./codecs/index.js";
export type { Diffusion } from "./diffusion/index.js";
export type { Backend } from "./engine/backend/contract.js";
export { selectBackend } from "./engine/backend/selection/index.js";
export { DiffusionForcingError, type ErrorCode, isDiffusionForcingError } from "./engine/errors.js";
export { createRandom, RandomStream } from "./engine/random/index.js";
export { referenceBackend } from "./engine/reference/backend.js";
export {
  type HostTensor,
  type HostTensorRecord,
  type Tensor,
  type TensorRecord,
  tensor,
  zeros,
} from "./engine/tensor/tensor.js";
export { type DiffusionForcing, type DiffusionForcingOptions, diffusionForcing } from "./forcing.js";
export {
  countParameters,
  type DiT3dConfig,
  type DiT3dOptions,
  dit3d,
  initializeParameters,
  type Model,
  modelFromConfig,
  type RecurrentConfig,
  type RecurrentOptions,
  recurrent,
  type TransformerConfig,
  type TransformerOptions,
  transformer,
  type UNet3dConfig,
  type UNet3dOptions,
  unet3d,
} from "./models/index.js";
export {
  type BayesianFlowOptions,
  bayesianFlow,
  cosineSchedule,
  type EdmOptions,
  type EstimateLimit,
  edm,
  type FlowMatchingOptions,
  flowMatching,
  type LossWeighting,
  linearSchedule,
  type NoiseProcess,
  type NoiseSchedule,
  processFromConfig,
  sigmoidSchedule,
  type VariancePreservingOptions,
  variancePreserving,
} from "./process/index.js";
export {
  ancestral,
  autoregressive,
  classifierFreeGuidance,
  type DenoiseProgress,
  type DenoiseRequest,
  ddim,
  dpmSolverPlusPlus,
  euler,
  fractionalHistoryGuidance,
  fullSequence,
  type Guidance,
  heun,
  historyGuidance,
  type MatrixShape,
  pyramid,
  type ReconstructionGuidanceOptions,
  type RolloutChunk,
  type RolloutOptions,
  type RolloutState,
  reconstructionGuidance,
  type SampleOptions,
  type Sampler,
  type SamplerOptions,
  type SchedulingMatrix,
  type Solver,
  schedulingMatrix,
  temporalHistoryGuidance,
  trapezoid,
  treeSearch,
  vanillaHistoryGuidance,
} from "./sampling/index.js";
export {
  type Batch,
  type BatchSource,
  dropCondition,
  samplingParameters,
  type TrainingMetrics,
  type TrainingOptions,
  type TrainingProgress,
  type TrainingResult,
  type TrainingState,
} from "./training/index.js";
