export { normalQuantile } from "../engine/random/normal-quantile.js";
export { type CtcBeamOptions, type CtcHypothesis, type CtcOutputs, ctcBeam, ctcGreedy } from "./ctc-decode.js";
export { combinedEstimate, type Estimator, estimatorOf, noisesHistory } from "./guidance/combined-estimate.js";
export { type Guidance, guidanceSamples, type RewardGradient, rewardGradient } from "./guidance/gradient.js";
export { type ReconstructionGuidanceOptions, reconstructionGuidance } from "./guidance/reconstruction.js";
export {
  checkCombination,
  classifierFreeGuidance,
  fractionalHistoryGuidance,
  type HistoryView,
  historyGuidance,
  mergeTerms,
  type ScoreCombination,
  type ScoreTerm,
  temporalHistoryGuidance,
  vanillaHistoryGuidance,
} from "./guidance/score-combination.js";
export { type SelfLabeler, type SelfLabelerOptions, selfLabeler } from "./guidance/self-labels.js";
export { type LearnedPriorOptions, learnedPrior } from "./learned-prior.js";
export { type MultiTokenSampling, type SampledSymbols, sampleSymbols } from "./multi-token.js";
export type { Network, NetworkInput } from "./network.js";
export { type NoiseSource, type NoiseSources, recordedNoise, type SampleSeed } from "./noise-source.js";
export * from "./plan/matrix-shapes.js";
export * from "./plan/scheduling-matrix.js";
export { type Prediction, predict, type SteeringInputs, type SteeringOptions } from "./predict.js";
export type { DenoiseProgress, DenoiseRequest, SampleOptions } from "./request.js";
export { rollout } from "./rollout.js";
export type { RolloutChunk, RolloutOptions, RolloutState } from "./rollout-options.js";
export { Sampler, type SamplerOptions } from "./sampler.js";
export { type CodePriorOptions, codePrior } from "./separation/code-prior.js";
export { type Separation, type SeparationOptions, separate } from "./separation/separate.js";
export {
  type CompiledPrior,
  type MarkovPriorOptions,
  markovPrior,
  type SequencePrior,
} from "./separation/sequence-prior.js";
export { SumCounts, type SumSupport } from "./separation/sum-counts.js";
export { type SymbolPriorOptions, symbolPrior } from "./separation/symbol-prior.js";
export { type AncestralOptions, ancestral } from "./solvers/ancestral.js";
export { type DdimOptions, ddim } from "./solvers/ddim.js";
export { dpmSolverPlusPlus } from "./solvers/dpm-solver-plus-plus.js";
export { euler } from "./solvers/euler.js";
export { heun } from "./solvers/heun.js";
export { pathOf } from "./solvers/path.js";
export type { Predict, Solver, SolverMemory, SolverStep, StepKernel } from "./solvers/solver.js";
export { coupledCategory } from "./speculation/categories.js";
export { coupled, type DraftedStep } from "./speculation/coupling.js";
export { type DraftModel, type Speculation, type SpeculativeOptions, speculative } from "./speculation/speculative.js";
export { stabilized } from "./stabilization.js";
export type { Start, StartPrior, StartRequest } from "./start.js";
export { symbolLaws } from "./symbol-laws.js";
export { type TreeSearchOptions, type TreeSearchProgress, treeSearch, withStrength } from "./tree-search.js";
export { walkGraph } from "./walk-graph.js";
export {
  guidanceInputName,
  modelMemoryName,
  parameterName,
  solverMemoryName,
  type WalkOptions,
  type WalkShape,
} from "./walk-inputs.js";
