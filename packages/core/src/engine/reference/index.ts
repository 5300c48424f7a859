export type { ArrayTensor, Precision } from "./array.js";
export { referenceBackend, referenceProvider } from "./backend.js";
export { type EvaluateOptions, evaluateGraph, evaluateInDoubles, evaluateNode } from "./evaluate.js";
