import { type Backend, isDiffusionForcingError } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import type { Device } from "../device/device.js";
import { openWasm } from "../device/open-wasm.js";
import { checkBackendOptions, type OnnxBackendOptions, type OnnxDevice } from "../device/options.js";
import { OnnxBackend } from "../run/backend.js";
import { requestAdapter } from "./gpu.js";
import { importRuntime } from "./import-runtime.js";
import { openWebGpu } from "./open-webgpu.js";

/** The devices of onnxruntime-web in a browser, fastest first. */
const devices = ["webgpu", "wasm"] as const;

/**
 * A backend on onnxruntime-web, in pages and Web Workers: each graph becomes one ONNX model and one session.
 *
 * @throws `missing-dependency` if onnxruntime-web is not there; `backend-unavailable` if it does not load or the device is
 *   not there; `invalid-argument` for an unknown or impossible option, and for threads or paths that come too late.
 */
export async function onnxBackend(options: OnnxBackendOptions = {}): Promise<Backend> {
  checkBackendOptions(options, devices);
  return new OnnxBackend(await open(options));
}

function open(options: OnnxBackendOptions): Promise<Device> {
  if (options.device === "wasm") return openWasm(options, importRuntime.wasm);
  if (options.device === "webgpu") return openWebGpu(options);
  return openFastest(options);
}

async function openFastest(options: OnnxBackendOptions): Promise<Device> {
  try {
    const adapter = await requestAdapter();
    if (adapter.info?.isFallbackAdapter !== true) return await openWebGpu(options, adapter);
  } catch (error) {
    if (!isDiffusionForcingError(error, "backend-unavailable")) throw error;
  }
  return openWasm(options, importRuntime.wasm);
}

/** The devices of ONNX Runtime in browsers, for `selectBackend`. */
export const onnxProvider: BackendProvider = {
  name: "onnx",
  devices,
  open: (device) => onnxBackend({ device: device as OnnxDevice }),
};
