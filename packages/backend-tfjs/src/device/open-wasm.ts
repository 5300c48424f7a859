import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import { Kernels } from "../compile/kernels.js";
import { exportsOf, importOptional, messageOf } from "./import-optional.js";
import { unlessBlobsAreRefused } from "./refused-blobs.js";
import type { NativeBackend, TfjsCore } from "./runtime.js";
import type { Session } from "./session.js";

/** Where the three `.wasm` files of `@tensorflow/tfjs-backend-wasm` are: their folder's URL, or each file's by name. */
export type WasmPaths = string | Readonly<Record<string, string>>;

interface WasmModule {
  setWasmPaths(paths: WasmPaths): void;
}

/** The instance that is being made, so that two who open the engine at once share it. */
let starting: Promise<NativeBackend> | undefined;

/**
 * Kernels in WebAssembly, on several threads in a page that is cross-origin isolated.
 *
 * There is one native backend in a page or process, the one TensorFlow.js itself uses by the name "wasm": its kernels
 * keep the functions of the instance that was set up last, so a second instance would break the first. Sessions share
 * it and leave it running. Their tensors are apart.
 *
 * @param pathsOf where the `.wasm` files are; undefined for TensorFlow.js's own guess. Asked for the first instance.
 */
export async function openWasm(pathsOf: () => WasmPaths | undefined): Promise<Session> {
  const packages = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm"];
  const [core, wasm] = await importOptional({ engine: "wasm", packages }, () =>
    Promise.all([import("@tensorflow/tfjs-core"), import("@tensorflow/tfjs-backend-wasm")]),
  );
  const tfjs = exportsOf<TfjsCore>(core, "getKernel");
  const native = await instance(tfjs, exportsOf<WasmModule>(wasm, "setWasmPaths"), pathsOf);
  return {
    engine: "wasm",
    version: tfjs.version_core,
    kernels: new Kernels(tfjs, "wasm", native),
    failure: () => undefined,
    compute: async (burst) => burst(),
    close: () => {},
  };
}

async function instance(
  tfjs: TfjsCore,
  wasm: WasmModule,
  pathsOf: () => WasmPaths | undefined,
): Promise<NativeBackend> {
  const running = tfjs.engine().registry.wasm;
  if (running !== undefined) return running;
  starting ??= start(tfjs, wasm, pathsOf).finally(() => {
    starting = undefined;
  });
  return starting;
}

async function start(tfjs: TfjsCore, wasm: WasmModule, pathsOf: () => WasmPaths | undefined): Promise<NativeBackend> {
  const factory = tfjs.findBackendFactory("wasm");
  if (factory === null) {
    throw new DiffusionForcingError(
      "backend-unavailable",
      "@tensorflow/tfjs-backend-wasm belongs to another copy of @tensorflow/tfjs-core. Install one version of each.",
    );
  }
  try {
    const paths = pathsOf();
    if (paths !== undefined) wasm.setWasmPaths(paths);
    const native = await unlessBlobsAreRefused(Promise.resolve(factory()));
    for (const { setupFunc } of tfjs.getKernelsForBackend("wasm")) setupFunc?.(native);
    tfjs.engine().registry.wasm = native;
    return native;
  } catch (cause) {
    if (isDiffusionForcingError(cause)) throw cause;
    throw new DiffusionForcingError(
      "backend-unavailable",
      `tfjsBackend: the WebAssembly engine did not start: ${messageOf(cause)} Say where the .wasm files of @tensorflow/tfjs-backend-wasm are with the option wasmPaths.`,
      { cause },
    );
  }
}
