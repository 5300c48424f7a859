export { type DdimInputs, type DdimOptions, type DdimResult, ddimCoefficients, ddimStep } from "./ddim.js";
export { type DdpmInputs, type DdpmOptions, type DdpmResult, ddpmStep, skippingPosterior } from "./ddpm.js";
export { type Denoised, denoise, stabilizedInput, stabilizedLevels } from "./denoiser.js";
export { type Guidance, type GuidanceGradient, guidanceGradient, guidanceSamples } from "./guidance.js";
export * from "./matrix-shapes.js";
export { type NoiseSource, type NoiseSources, recordedNoise } from "./noise-source.js";
export type { Prediction, SteeringOptions, StepInputs } from "./prediction.js";
export { type ReconstructionGuidanceOptions, reconstructionGuidance } from "./reconstruction-guidance.js";
export * from "./recurrent/index.js";
export {
  type RolloutChunk,
  type RolloutOptions,
  type RolloutState,
  rollout,
  rolloutChunks,
} from "./rollout.js";
export { type DenoiseProgress, type DenoiseRequest, Sampler, type SamplerOptions } from "./sampler.js";
export * from "./scheduling-matrix.js";
export * from "./scores/index.js";
export {
  guidanceInputName,
  noiseInputs,
  parameterName,
  type SolverOptions,
  type StepOptions,
  samplingStepGraph,
} from "./step-graph.js";
export { type TreeSearchOptions, type TreeSearchProgress, treeSearch, withStrength } from "./tree-search.js";
