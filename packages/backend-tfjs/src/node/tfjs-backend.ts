import type { Backend } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import type { TfjsEngine } from "../device/engine.js";
import { openCpu } from "../device/open-cpu.js";
import { type Openers, openEngine } from "../device/open-engine.js";
import { openWasm, type WasmPaths } from "../device/open-wasm.js";
import { openNative } from "./open-native.js";
import { openNodeWebGpu } from "./open-node-webgpu.js";
import { wasmFolder } from "./wasm-folder.js";

export interface TfjsBackendOptions {
  /**
   * - "node-gpu": CUDA, through `@tensorflow/tfjs-node-gpu`.
   * - "node": TensorFlow's native library on the CPU, through `@tensorflow/tfjs-node`.
   * - "webgpu": any GPU with a driver, through `@tensorflow/tfjs-backend-webgpu` and `webgpu`.
   * - "wasm": everywhere, one thread. - "cpu": everywhere, plain JavaScript, slow.
   * - "auto" (the default): the first that is there of node-gpu, node, wasm, cpu. WebGPU is not taken by itself: in
   *   Node nothing tells a GPU from a driver that computes on the CPU.
   */
  readonly engine?: TfjsEngine | "auto";
  /** Where the `.wasm` files are. Default: in the installed package. The first backend in a process decides. */
  readonly wasmPaths?: WasmPaths;
}

function openersFor(wasmPaths: WasmPaths | undefined): Openers {
  return {
    "node-gpu": () => openNative("node-gpu"),
    webgpu: openNodeWebGpu,
    node: () => openNative("node"),
    wasm: () => openWasm(() => wasmPaths ?? wasmFolder()),
    cpu: openCpu,
  };
}

/**
 * A backend on TensorFlow.js, which interprets graphs with its kernels.
 *
 * @throws `missing-dependency` with the command that installs what is missing; `backend-unavailable` if the engine is
 *   not there.
 */
export function tfjsBackend({ engine = "auto", wasmPaths }: TfjsBackendOptions = {}): Promise<Backend> {
  return openEngine(engine, openersFor(wasmPaths), ["node-gpu", "node", "wasm", "cpu"]);
}

/** The engines of TensorFlow.js in Node, for `selectBackend`. */
export const tfjsProvider: BackendProvider = {
  name: "tfjs",
  devices: Object.keys(openersFor(undefined)),
  open: (device) => tfjsBackend({ engine: device as TfjsEngine }),
};
