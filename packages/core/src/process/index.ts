export { type BayesianFlowOptions, bayesianFlow } from "./bayesian-flow/continuous.js";
export { type DiscreteBayesianFlowOptions, discreteBayesianFlow } from "./bayesian-flow/discrete.js";
export { type DiscretizedBayesianFlowOptions, discretizedBayesianFlow } from "./bayesian-flow/discretized.js";
export { type EdmOptions, edm } from "./gaussian/edm.js";
export { type FlowMatchingOptions, flowMatching } from "./gaussian/flow-matching.js";
export { type GaussianParts, gaussianProcess } from "./gaussian/gaussian-process.js";
export { defaultLimit, type EstimateLimit } from "./gaussian/limit.js";
export {
  cleanObjective,
  flowObjective,
  noiseObjective,
  type Objective,
  velocityObjective,
} from "./gaussian/objective.js";
export { checkedPath, logRatioGap, noiseRemoved } from "./gaussian/path.js";
export {
  cosineSchedule,
  linearSchedule,
  type NoiseSchedule,
  type NoiseScheduleConfig,
  scheduleFromConfig,
  sigmoidSchedule,
} from "./gaussian/schedule.js";
export { posterior, stepDeviation } from "./gaussian/transition.js";
export { type VariancePreservingOptions, variancePreserving } from "./gaussian/variance-preserving.js";
export { lossWeight } from "./loss-weight.js";
export type { LossWeighting } from "./loss-weighting.js";
export { checkLossWeighting } from "./loss-weighting.js";
export * from "./noise-levels.js";
export type * from "./process.js";
export { type ProcessReader, processFromConfig } from "./process-from-config.js";
export { atLevel, perToken } from "./tables.js";
export { timestepLevels } from "./timesteps.js";
export { type TokenPredictionOptions, tokenPrediction } from "./token-prediction/token-prediction.js";
