import type { SessionOptions } from "../device/runtime.js";
import { webgpuExtra } from "../device/webgpu-options.js";

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
export function cpuSessionOptions(threads: number): SessionOptions {
  return {
    ...common,
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableMemPattern: true,
    extra: cpuExtra(true),
  };
}

/** Options that the runtime takes by their C++ names. */
export function cpuExtra(spinning: boolean): SessionOptions {
  return {
    optimization: { disable_specified_optimizers: harmfulOptimizers.join(";") },
    session: { intra_op: { allow_spinning: spinning ? "1" : "0" } },
  };
}

/**
 * For models whose weights are apart: they come and go, and what an arena keeps of one for its next run, or a block for all
 * that a run holds, is of a size that suits no other.
 */
export const withoutArena: SessionOptions = { enableCpuMemArena: false, enableMemPattern: false };

/** How sessions run on a GPU; what the provider has no kernel for runs on the CPU. */
export function gpuSessionOptions(provider: "cuda" | "webgpu"): SessionOptions {
  return { ...common, executionProviders: [provider], ...(provider === "webgpu" ? { extra: webgpuExtra } : {}) };
}
