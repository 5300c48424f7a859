import { type Backend, isDiffusionForcingError } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { checkOptions } from "../device/check-options.js";
import type { Device } from "../device/device.js";
import { OnnxBackend } from "../run/backend.js";
import { requestAdapter } from "./gpu.js";
import type { WasmPaths } from "./load-runtime.js";
import { type DeviceOptions, devices, type OnnxWebDevice, openWasm, openWebGpu } from "./open-device.js";

export interface OnnxBackendOptions {
  /**
   * - "webgpu": state stays on the device; runs do not block the page's thread.
   * - "wasm": everywhere; a run blocks the thread it is made in, so prefer a worker.
   * - "auto" (the default): "webgpu" on a real GPU (not the browser's software fallback), else "wasm".
   */
  readonly device?: OnnxWebDevice | "auto";
  /**
   * Threads of WebAssembly. Default: all cores, at most 8, for "wasm"; 1 for "webgpu", which computes on the GPU. One
   * where the page is not cross-origin isolated. The first backend on a device decides for the page; another value
   * later is an error.
   */
  readonly threads?: number;
  /** Where onnxruntime-web's files are, if not beside its module or the bundle. Decided likewise. */
  readonly wasmPaths?: WasmPaths;
  /** Options of ONNX Runtime's `InferenceSession.create`, which override this package's. */
  readonly sessionOptions?: Readonly<Record<string, unknown>>;
}

/**
 * A backend on onnxruntime-web, in pages and Web Workers: each graph becomes one ONNX model and one session.
 *
 * @throws `missing-dependency` if onnxruntime-web does not load; `backend-unavailable` if the device is not there;
 *   `invalid-argument` for a thread count that is no positive integer, and for one or for paths that come too late.
 */
export async function onnxBackend(options: OnnxBackendOptions = {}): Promise<Backend> {
  const { device = "auto", threads, wasmPaths, sessionOptions = {} } = options;
  checkOptions(device, devices, threads);
  const deviceOptions = { threads, wasmPaths, sessionOptions };
  const openers = { auto: openFastest, webgpu: (chosen: DeviceOptions) => openWebGpu(chosen), wasm: openWasm };
  return new OnnxBackend(await openers[device](deviceOptions));
}

async function openFastest(options: DeviceOptions): Promise<Device> {
  try {
    const adapter = await requestAdapter();
    if (adapter.info?.isFallbackAdapter !== true) return await openWebGpu(options, adapter);
  } catch (error) {
    if (!isDiffusionForcingError(error, "backend-unavailable")) throw error;
  }
  return openWasm(options);
}

/** The devices of ONNX Runtime in browsers, for `selectBackend`. */
export const onnxProvider: BackendProvider = {
  name: "onnx",
  devices,
  open: (device) => onnxBackend({ device: device as OnnxWebDevice }),
};
