import type { Gpu } from "../device/gpu.js";
import { importOptional } from "../device/import-optional.js";
import { openWebGpu } from "../device/open-webgpu.js";
import type { Session } from "../device/session.js";

const noGpu: Gpu = { requestAdapter: async () => null };

/** WebGPU of the page or worker. */
export async function openWebWebGpu(): Promise<Session> {
  const packages = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgpu"];
  const [core, webgpu] = await importOptional({ engine: "webgpu", packages }, () =>
    Promise.all([import("@tensorflow/tfjs-core"), import("@tensorflow/tfjs-backend-webgpu")]),
  );
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: Gpu } };
  return openWebGpu(core, webgpu, {
    gpu: navigator?.gpu ?? noGpu,
    withNavigator: (body) => body(),
    advice: "Use a browser with WebGPU, over HTTPS or on localhost, or the engine wasm.",
  });
}
