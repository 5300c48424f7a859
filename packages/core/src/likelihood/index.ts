export { type ElboStepInputs, elboStep, type Reconstruction } from "./elbo-step.js";
export { type ElboOptions, type ElboResult, evidenceLowerBound } from "./evidence-lower-bound.js";
