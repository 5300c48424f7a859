/** Traced values, ops, gradients and passes: for those who write models, losses and backends. */
export * from "../engine/autodiff/index.js";
export * from "../engine/graph/index.js";
export type { ArrayTensor, Precision } from "../engine/reference/array.js";
export { type EvaluateOptions, evaluateGraph, evaluateInDoubles, evaluateNode } from "../engine/reference/evaluate.js";
export * from "../engine/tensor/dtype.js";
export * from "../engine/tensor/shape.js";
