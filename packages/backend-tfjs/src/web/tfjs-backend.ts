import type { Backend } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { checkBackendOptions } from "../device/check-options.js";
import type { WasmPaths } from "../device/open-wasm.js";
import { TfjsBackend } from "../run/backend.js";
import { devices, openWebDevice, type TfjsWebDevice } from "./open-device.js";

export interface TfjsBackendOptions {
  /** "auto" (the default) takes the first that is there of webgpu, wasm, cpu. */
  readonly device?: TfjsWebDevice | "auto";
  /**
   * Where the `.wasm` files of `@tensorflow/tfjs-backend-wasm` are: their folder's URL, or each file's by name. Default:
   * TensorFlow.js's guess, beside the script or the page. The first backend in a page decides.
   */
  readonly wasmPaths?: WasmPaths;
}

/**
 * A backend on TensorFlow.js in a page or a Web Worker, which interprets graphs with its kernels.
 *
 * @throws `missing-dependency`; `backend-unavailable` if the device is not there; `invalid-argument` for an unknown
 *   option, and for paths that come too late.
 */
export async function tfjsBackend(options: TfjsBackendOptions = {}): Promise<Backend> {
  checkBackendOptions(options);
  const { device = "auto", wasmPaths } = options;
  return new TfjsBackend(await openWebDevice(device, wasmPaths));
}

/** The devices of TensorFlow.js in browsers, for `selectBackend`. */
export const tfjsProvider: BackendProvider = {
  name: "tfjs",
  devices,
  open: (device) => tfjsBackend({ device: device as TfjsWebDevice }),
};
