export { type DdimInputs, type DdimOptions, type DdimResult, ddimCoefficients, ddimStep } from "./ddim.js";
export { type DdpmInputs, type DdpmResult, ddpmStep } from "./ddpm.js";
export { type Denoised, denoise, stabilizedInput, stabilizedLevels } from "./denoiser.js";
export { type Guidance, type GuidanceGradient, guidanceGradient, guidanceSamples } from "./guidance.js";
export * from "./matrix-shapes.js";
export { type ReachGoalOptions, reachGoal, reachGoalWeights } from "./reach-goal.js";
export { type DenoiseProgress, type DenoiseRequest, Sampler, type SamplerOptions } from "./sampler.js";
export * from "./scheduling-matrix.js";
export { guidanceInputName, parameterName, samplingStepGraph } from "./step-graph.js";
