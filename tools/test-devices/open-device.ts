import type { Backend } from "@diffusion-forcing/core";
import type { TestDevice } from "./devices.js";
import { loadProvider } from "./load-provider.js";

const providers = { core: "reference", "backend-onnx": "onnx", "backend-tfjs": "tfjs" } as const;

/** Opens a test device where it belongs: Node's in Node, Chromium's in a page. */
export async function openDevice({ package: owner, device }: TestDevice): Promise<Backend> {
  return await (await loadProvider(providers[owner])).open(device);
}
