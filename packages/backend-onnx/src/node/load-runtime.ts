import { DiffusionForcingError } from "@diffusion-forcing/core";
import { messageOf } from "../device/failure.js";
import type { Runtime } from "../device/runtime.js";

/** What this package uses of onnxruntime-node. */
export interface NodeRuntime extends Runtime {
  readonly env: { readonly versions: { readonly node?: string } };
  /** The execution providers of this platform's build, and whether their files came with the npm package. */
  listSupportedBackends(): readonly { readonly name: string; readonly bundled: boolean }[];
}

/**
 * Imports onnxruntime-node, an optional peer dependency.
 *
 * @throws `missing-dependency` if it is not installed, `backend-unavailable` if it is and its library does not load.
 */
export async function loadRuntime(
  importRuntime: () => Promise<NodeRuntime> = async () => (await import("onnxruntime-node")) as unknown as NodeRuntime,
): Promise<NodeRuntime> {
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

/** Not to be seen by bundlers of Node programs, which would fail where this optional package is not installed. */
const wasmRuntime: string = "onnxruntime-web/wasm";

/** Imports onnxruntime-web, the other optional peer dependency. */
export const importWasm = (): Promise<unknown> => import(wasmRuntime);
