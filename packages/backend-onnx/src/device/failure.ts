import { DiffusionForcingError } from "@diffusion-forcing/core";

/**
 * Wraps what ONNX Runtime threw. Its messages quote the failing node's name, which the lowering made from the
 * graph's op and shape, as in `Name:'matmul float32[2, 3] #7'` or `Node (matmul float32[2, 3] #7)`.
 */
export function backendFailure(
  doing: "compiling" | "running" | "reading",
  device: string,
  cause: unknown,
): DiffusionForcingError {
  const message = messageOf(cause);
  const origin = /'([^']+) #\d+'/.exec(message) ?? /\(([^()]+) #\d+\)/.exec(message);
  const what = origin?.[1] ?? "the graph";
  return new DiffusionForcingError(
    "backend-failure",
    `onnx (${device}): ${doing} ${what} failed in ONNX Runtime: ${message}`,
    { cause },
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
