export type { ArrayTensor } from "./array.js";
export { referenceBackend } from "./backend.js";
export { evaluateGraph, evaluateInDoubles, evaluateNode } from "./evaluate.js";
