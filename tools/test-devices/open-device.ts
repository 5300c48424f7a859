import { onnxBackend, onnxProvider } from "@diffusion-forcing/backend-onnx";
import { tfjsProvider } from "@diffusion-forcing/backend-tfjs";
import { type Backend, selectBackend } from "@diffusion-forcing/core";
import { referenceProvider } from "@diffusion-forcing/core/backend";
import type { TestDevice } from "./devices.js";

/** Opens "onnx/webgpu", by the packages' entries for Node or for a page, whichever this is. */
export async function openNamed(name: string): Promise<Backend> {
  const from = [referenceProvider, onnxProvider, tfjsProvider];
  return (await selectBackend({ from, prefer: [name], probe: false })).backend;
}

const providers = { core: referenceProvider, "backend-onnx": onnxProvider, "backend-tfjs": tfjsProvider };

/**
 * Opens a test device where it belongs: Node's in Node, Chromium's in a page. ONNX Runtime's WebAssembly gets one thread:
 * a page's memory is measured by asking all of its workers, and idle threads never answer.
 */
export async function openDevice({ package: owner, device, host }: TestDevice): Promise<Backend> {
  if (owner === "backend-onnx" && host === "chromium") {
    return await onnxBackend({ device: device as "cpu", threads: 1 });
  }
  return await providers[owner].open(device);
}
