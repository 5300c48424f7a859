export { compareOps } from "./compare-ops.js";
export { checkLaw, type Law, type LawTest } from "./law.js";
export { type LossCase, type LossProblem, lossCases, lossProblem } from "./loss-cases.js";
export { type Measurement, measureBackend } from "./measure-backend.js";
export { type MemoryCase, type MemoryProblem, memoryCases, memoryProblem } from "./memory-cases.js";
export { type ModelCase, type ModelProblem, modelCases, modelDiffusion, modelProblem } from "./model-cases.js";
export type { OpCase, TestedOp } from "./op-cases.js";
export { opCases } from "./op-cases.js";
export * from "./oracles/index.js";
export { type PermutationTestOptions, permutationTest } from "./permutation-test.js";
export {
  chiSquare,
  chiSquareTail,
  kolmogorovSmirnov,
  kolmogorovSmirnovDistance,
  kolmogorovSmirnovTwoSample,
  normalDistribution,
} from "./statistics.js";
export type { ConformanceOptions, TestApi } from "./test-api.js";
export { testBackend } from "./test-backend.js";
export { interruptedTraining, type TrainingCase, trainingCases } from "./training-cases.js";
export type { CaseOperand } from "./values.js";
