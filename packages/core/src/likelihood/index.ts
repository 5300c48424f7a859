export { type ElboStepInputs, elboStep, type Reconstruction } from "./elbo-step.js";
export {
  type ElboProgress,
  type ElboResult,
  evidenceLowerBound,
  evidenceLowerBoundSteps,
} from "./evidence-lower-bound.js";
export type { ElboOptions, ElboState } from "./options.js";
