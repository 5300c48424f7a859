import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";

/** Downloads the CUDA provider (CUDA 12, Linux x64) into an installed onnxruntime-node. */
export const CUDA_INSTALL_COMMAND = "ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node";

const libraries = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/** Where the installed onnxruntime-node keeps its native libraries for Linux x64. */
export function nativeFolder(): string {
  const entry = createRequire(import.meta.url).resolve("onnxruntime-node");
  return join(dirname(entry), "..", "bin", "napi-v6", "linux", "x64");
}

/**
 * Says early, and without the runtime's own complaint on stderr, that CUDA cannot be there.
 *
 * @throws `backend-unavailable` on platforms without a CUDA build, and if the provider's files are not installed.
 */
export function checkCudaFiles(platform: string, folder: () => string = nativeFolder): void {
  if (platform !== "linux-x64") {
    throw new DiffusionForcingError(
      "backend-unavailable",
      `onnxBackend: onnxruntime-node has CUDA on linux-x64 only; this is ${platform}. Use device "webgpu" for this machine's GPU, or "cpu".`,
    );
  }
  const missing = libraries.filter((file) => !existsSync(join(folder(), file)));
  if (missing.length > 0) {
    throw new DiffusionForcingError(
      "backend-unavailable",
      `onnxBackend: the CUDA provider of onnxruntime-node is not installed (${missing.join(", ")} missing). Run: ${CUDA_INSTALL_COMMAND}. Or use device "webgpu", which needs no download.`,
    );
  }
}
