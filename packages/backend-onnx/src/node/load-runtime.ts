import { DiffusionForcingError } from "@diffusion-forcing/core";
import type * as OnnxRuntime from "onnxruntime-node";

/** What this package uses of onnxruntime-node. */
export type Runtime = Pick<typeof OnnxRuntime, "InferenceSession" | "Tensor">;

/**
 * Imports onnxruntime-node, an optional peer dependency.
 *
 * @throws `missing-dependency` if it is not installed, `backend-unavailable` if it is and its library does not load.
 */
export async function loadRuntime(
  importRuntime: () => Promise<Runtime> = () => import("onnxruntime-node"),
): Promise<Runtime> {
  try {
    return await importRuntime();
  } catch (cause) {
    const code = (cause as { code?: unknown } | null)?.code;
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") {
      throw new DiffusionForcingError(
        "missing-dependency",
        "onnxBackend needs the package onnxruntime-node, which is not installed. Run: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node",
        { cause },
      );
    }
    throw new DiffusionForcingError(
      "backend-unavailable",
      `onnxruntime-node is installed but its native library does not load on ${process.platform}-${process.arch}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
