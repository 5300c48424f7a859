export { type ElboStepInputs, elboStep, type Reconstruction } from "./elbo-step.js";
export {
  type ElboProgress,
  type ElboResult,
  evidenceLowerBound,
  evidenceLowerBoundStream,
} from "./evidence-lower-bound.js";
export type { ElboOptions, ElboState } from "./options.js";
