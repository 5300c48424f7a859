import type { Device } from "../device/device.js";
import type { Gpu } from "../device/gpu.js";
import { loadFailure } from "../device/loading.js";
import { openWebGpu } from "../device/open-webgpu.js";

const noGpu: Gpu = { requestAdapter: async () => null };

/** WebGPU of the page or worker. */
export async function openWebWebGpu(): Promise<Device> {
  const [core, webgpu] = await load();
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: Gpu } };
  return openWebGpu(core, webgpu, {
    gpu: navigator?.gpu ?? noGpu,
    withNavigator: (body) => body(),
    advice: 'Use a browser with WebGPU, over HTTPS or on localhost, or the device "wasm".',
  });
}

async function load(): Promise<[core: object, webgpu: object]> {
  try {
    return [await import("@tensorflow/tfjs-core"), await import("@tensorflow/tfjs-backend-webgpu")];
  } catch (cause) {
    throw loadFailure("webgpu", ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgpu"], cause);
  }
}
