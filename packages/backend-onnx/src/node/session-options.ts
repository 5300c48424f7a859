import { availableParallelism } from "node:os";
import type { InferenceSession } from "onnxruntime-node";

export type SessionOptions = InferenceSession.SessionOptions;

/**
 * Rewrites of ONNX Runtime that cost time on the CPU: SkipLayerNormalization runs 4 times longer than the Add and
 * LayerNormalization it replaces, and Gemm adds a bias slower than Add does.
 */
const harmfulOptimizers = ["SkipLayerNormFusion", "MatMulAddFusion"];

/** How sessions run on the CPU: one operator at a time, each on all threads. */
export function cpuSessionOptions(threads: number | undefined): SessionOptions {
  return {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads ?? availableParallelism(),
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    enableMemPattern: true,
    extra: { optimization: { disable_specified_optimizers: harmfulOptimizers.join(";") } },
    // 4 = fatal only: errors are thrown, and need no second report on the console.
    logSeverityLevel: 4,
  };
}
