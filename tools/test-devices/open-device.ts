import type { Backend } from "@diffusion-forcing/core";
import type { TestDevice } from "./devices.js";
import { loadProvider } from "./load-provider.js";

const providers = { core: "reference", "backend-onnx": "onnx", "backend-tfjs": "tfjs" } as const;

/**
 * Opens a test device where it belongs: Node's in Node, Chromium's in a page. ONNX Runtime's WebAssembly gets one thread:
 * a page's memory is measured by asking all of its workers, and idle threads never answer.
 */
export async function openDevice({ package: owner, device, host }: TestDevice): Promise<Backend> {
  if (owner === "backend-onnx" && host === "chromium") {
    const { onnxBackend } = await import("@diffusion-forcing/backend-onnx");
    return await onnxBackend({ device: device as "cpu", threads: 1 });
  }
  return await (await loadProvider(providers[owner])).open(device);
}
