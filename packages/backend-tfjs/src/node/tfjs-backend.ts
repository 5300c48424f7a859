import type { Backend } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { checkBackendOptions } from "../device/check-options.js";
import type { TfjsDevice } from "../device/device.js";
import type { WasmPaths } from "../device/open-wasm.js";
import { TfjsBackend } from "../run/backend.js";
import { devices, openNodeDevice } from "./open-device.js";

export interface TfjsBackendOptions {
  /**
   * - "node-gpu": CUDA, through `@tensorflow/tfjs-node-gpu`.
   * - "node": TensorFlow's native library on the CPU, through `@tensorflow/tfjs-node`.
   * - "webgpu": any GPU with a driver, through `@tensorflow/tfjs-backend-webgpu` and `webgpu`.
   * - "wasm": everywhere, one thread. - "cpu": everywhere, plain JavaScript, slow.
   * - "auto" (the default): the first that is there of node-gpu, node, wasm, cpu. WebGPU is not taken by itself: in
   *   Node nothing tells a GPU from a driver that computes on the CPU.
   */
  readonly device?: TfjsDevice | "auto";
  /** Where the `.wasm` files are. Default: in the installed package. The first backend in a process decides. */
  readonly wasmPaths?: WasmPaths;
}

/**
 * A backend on TensorFlow.js, which interprets graphs with its kernels.
 *
 * @throws `missing-dependency` with the command that installs what is missing; `backend-unavailable` if the device is
 *   not there; `invalid-argument` for an unknown option, and for paths that come too late.
 */
export async function tfjsBackend(options: TfjsBackendOptions = {}): Promise<Backend> {
  checkBackendOptions(options);
  const { device = "auto", wasmPaths } = options;
  return new TfjsBackend(await openNodeDevice(device, wasmPaths));
}

/** The devices of TensorFlow.js in Node, for `selectBackend`. */
export const tfjsProvider: BackendProvider = {
  name: "tfjs",
  devices,
  open: (device) => tfjsBackend({ device: device as TfjsDevice }),
};
