export * from "./matrix-shapes.js";
export * from "./scheduling-matrix.js";
export { ddimCoefficients, type DdimInputs, type DdimOptions, type DdimResult, ddimStep } from "./ddim.js";
export { type DdpmInputs, type DdpmResult, ddpmStep } from "./ddpm.js";
export { denoise, type Denoised, stabilizedInput, stabilizedLevels } from "./denoiser.js";
export { type Guidance, type GuidanceGradient, guidanceGradient, guidanceSamples } from "./guidance.js";
export { type DenoiseProgress, type DenoiseRequest, Sampler, type SamplerOptions } from "./sampler.js";
export { guidanceInputName, parameterName, samplingStepGraph } from "./step-graph.js";
export { reachGoal, type ReachGoalOptions, reachGoalWeights } from "./reach-goal.js";
