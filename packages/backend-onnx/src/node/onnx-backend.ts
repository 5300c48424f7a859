import { type Backend, DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import type { Device } from "../device/device.js";
import { openWasm } from "../device/open-wasm.js";
import { checkBackendOptions, type OnnxBackendOptions, type OnnxDevice } from "../device/options.js";
import { OnnxBackend } from "../run/backend.js";
import { importWasm, loadRuntime, type NodeRuntime } from "./load-runtime.js";
import { nativeDevices, openNative } from "./open-native.js";

/** The devices of ONNX Runtime in Node, fastest first. */
const devices = [...nativeDevices, "wasm"] as const;

/**
 * A backend on ONNX Runtime in Node: each graph becomes one ONNX model and one inference session.
 *
 * @throws `missing-dependency` if onnxruntime-node (onnxruntime-web for "wasm", either for "auto") is not installed;
 *   `backend-unavailable` if its library or the device is not there; `invalid-argument` for an unknown or impossible
 *   option.
 */
export async function onnxBackend(options: OnnxBackendOptions = {}): Promise<Backend> {
  checkBackendOptions(options, devices);
  const { device = "auto" } = options;
  if (device === "wasm") return new OnnxBackend(await openWasm(options, importWasm));
  if (device === "auto") return new OnnxBackend(await openFastest(options));
  return new OnnxBackend(await openNative(device, await loadRuntime(), options));
}

const isAbsent = (error: unknown): boolean =>
  isDiffusionForcingError(error, "backend-unavailable") || isDiffusionForcingError(error, "missing-dependency");

async function openFastest(options: OnnxBackendOptions): Promise<Device> {
  let runtime: NodeRuntime;
  try {
    runtime = await loadRuntime();
  } catch (native) {
    if (!isAbsent(native)) throw native;
    return openWasm(options, importWasm).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
      const { code, message } = native as DiffusionForcingError;
      throw new DiffusionForcingError(code, `${message}\nNor is there WebAssembly: ${(error as Error).message}`, {
        cause: native,
      });
    });
  }
  try {
    return await openNative("cuda", runtime, options);
  } catch (error) {
    if (!isDiffusionForcingError(error, "backend-unavailable")) throw error;
    return openNative("cpu", runtime, options);
  }
}

/** The devices of ONNX Runtime in Node, for `selectBackend`. */
export const onnxProvider: BackendProvider = {
  name: "onnx",
  devices,
  open: (device) => onnxBackend({ device: device as OnnxDevice }),
};
