import type { Backend } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import type { TfjsEngine } from "../device/engine.js";
import { openCpu } from "../device/open-cpu.js";
import { type Openers, openEngine } from "../device/open-engine.js";
import { openWasm, type WasmPaths } from "../device/open-wasm.js";
import { openWebWebGpu } from "./open-web-webgpu.js";

export interface TfjsBackendOptions {
  /** "auto" (the default) takes the first that is there of webgpu, wasm, cpu. */
  readonly engine?: Extract<TfjsEngine, "webgpu" | "wasm" | "cpu"> | "auto";
  /**
   * Where the `.wasm` files of `@tensorflow/tfjs-backend-wasm` are: their folder's URL, or each file's by name. Default:
   * TensorFlow.js's guess, beside the script or the page. The first backend in a page decides.
   */
  readonly wasmPaths?: WasmPaths;
}

function openersFor(wasmPaths: WasmPaths | undefined): Openers {
  return { webgpu: openWebWebGpu, wasm: () => openWasm(() => wasmPaths), cpu: openCpu };
}

/**
 * A backend on TensorFlow.js in a page or a Web Worker, which interprets graphs with its kernels.
 *
 * @throws `missing-dependency`; `backend-unavailable` if the engine is not there.
 */
export function tfjsBackend({ engine = "auto", wasmPaths }: TfjsBackendOptions = {}): Promise<Backend> {
  return openEngine(engine, openersFor(wasmPaths), ["webgpu", "wasm", "cpu"]);
}

/** The engines of TensorFlow.js in browsers, for `selectBackend`. */
export const tfjsProvider: BackendProvider = {
  name: "tfjs",
  devices: Object.keys(openersFor(undefined)),
  open: (device) => tfjsBackend({ engine: device as "webgpu" }),
};
