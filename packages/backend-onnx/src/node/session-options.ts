import { availableParallelism } from "node:os";
import type { InferenceSession } from "onnxruntime-node";

export type SessionOptions = InferenceSession.SessionOptions;

/** How sessions run on the CPU: one operator at a time, each on all threads. */
export function cpuSessionOptions(threads: number | undefined): SessionOptions {
  return {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads ?? availableParallelism(),
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    enableMemPattern: true,
    // 3 = errors only; they are thrown as well.
    logSeverityLevel: 3,
  };
}
