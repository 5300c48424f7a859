import { availableParallelism } from "node:os";
import type { SessionOptions } from "../run/runtime.js";

/**
 * Rewrites of ONNX Runtime that cost time on the CPU: SkipLayerNormalization runs 4 times longer than the Add and
 * LayerNormalization it replaces, and Gemm adds a bias slower than Add does.
 */
const harmfulOptimizers = ["SkipLayerNormFusion", "MatMulAddFusion"];

const common: SessionOptions = {
  executionMode: "sequential",
  graphOptimizationLevel: "all",
  // 4 = fatal only: errors are thrown, and need no second report on the console.
  logSeverityLevel: 4,
};

/** How sessions run on the CPU: one operator at a time, each on all threads. */
export function cpuSessionOptions(threads: number | undefined): SessionOptions {
  return {
    ...common,
    executionProviders: ["cpu"],
    intraOpNumThreads: threads ?? availableParallelism(),
    interOpNumThreads: 1,
    enableMemPattern: true,
    extra: { optimization: { disable_specified_optimizers: harmfulOptimizers.join(";") } },
  };
}

/** How sessions run on a GPU; what the provider has no kernel for runs on the CPU. */
export function gpuSessionOptions(provider: "cuda" | "webgpu"): SessionOptions {
  return { ...common, executionProviders: [provider] };
}
