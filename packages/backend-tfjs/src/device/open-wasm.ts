import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import { checkBlobThreads } from "./blob-threads.js";
import type { Device } from "./device.js";
import { messageOf } from "./failure.js";
import { Kernels } from "./kernels.js";
import { exportsOf, loadFailure } from "./loading.js";
import type { NativeBackend, TfjsCore } from "./runtime.js";

/** Where the three `.wasm` files of `@tensorflow/tfjs-backend-wasm` are: their folder's URL, or each file's by name. */
export type WasmPaths = string | Readonly<Record<string, string>>;

interface WasmModule {
  setWasmPaths(paths: WasmPaths): void;
}

export interface WasmOptions {
  /** As the caller gave them. */
  readonly wasmPaths: WasmPaths | undefined;
  /** Where the files are otherwise; undefined: TensorFlow.js's own guess, beside the script or the page. */
  readonly usualPaths: () => WasmPaths | undefined;
}

/** The instance of this page or process, from the first attempt to start it. */
interface Instance {
  readonly wasmPaths: WasmPaths | undefined;
  readonly native: Promise<NativeBackend>;
}

let instance: Instance | undefined;

/** The last paths that TensorFlow.js was told: after a failed start it takes no others. */
let told: WasmPaths | undefined;

/**
 * Kernels in WebAssembly, on several threads in a page that is cross-origin isolated.
 *
 * There is one native backend in a page or process, the one TensorFlow.js itself uses by the name "wasm": its kernels
 * keep the functions of the instance that was set up last, so a second instance would break the first. Devices share
 * it and leave it running. Their tensors are apart.
 *
 * @throws `invalid-argument` for other paths than those the instance was started with, which nothing would read.
 */
export async function openWasm(options: WasmOptions): Promise<Device> {
  const [core, wasm] = await load();
  const tfjs = exportsOf<TfjsCore>(core, "getKernel");
  const native = await sharedInstance(tfjs, exportsOf<WasmModule>(wasm, "setWasmPaths"), options);
  return {
    name: "wasm",
    version: tfjs.version_core,
    kernels: new Kernels(tfjs, "wasm", native),
    lost: () => undefined,
    compute: async (burst) => burst(),
    close: () => {},
  };
}

async function load(): Promise<[core: object, wasm: object]> {
  try {
    return [await import("@tensorflow/tfjs-core"), await import("@tensorflow/tfjs-backend-wasm")];
  } catch (cause) {
    throw loadFailure("wasm", ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-wasm"], cause);
  }
}

async function sharedInstance(
  tfjs: TfjsCore,
  wasm: WasmModule,
  { wasmPaths, usualPaths }: WasmOptions,
): Promise<NativeBackend> {
  if (instance === undefined) {
    const paths = wasmPaths ?? usualPaths();
    const starting: Instance = { wasmPaths: paths, native: start(tfjs, wasm, paths) };
    instance = starting;
    // Another attempt may find what this one did not.
    starting.native.catch(() => {
      if (instance === starting) instance = undefined;
    });
  }
  const { native, wasmPaths: first } = instance;
  if (wasmPaths !== undefined && text(wasmPaths) !== text(first)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `tfjsBackend: wasmPaths is ${text(wasmPaths)}, but the one WebAssembly engine of this page or process was started with ${text(first) ?? "TensorFlow.js's own guess"} before. Give the first backend these paths, and the others none or the same.`,
    );
  }
  return native;
}

/** The same text for the same paths. */
function text(paths: WasmPaths | undefined): string | undefined {
  if (paths === undefined || typeof paths === "string") return JSON.stringify(paths);
  return JSON.stringify(Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** The user's own TensorFlow.js may have started the engine already: then that instance, whatever its paths. */
async function start(tfjs: TfjsCore, wasm: WasmModule, paths: WasmPaths | undefined): Promise<NativeBackend> {
  const { registry } = tfjs.engine();
  if (registry.wasm !== undefined) return registry.wasm;
  const factory = tfjs.findBackendFactory("wasm");
  if (factory === null) {
    throw new DiffusionForcingError(
      "backend-unavailable",
      "@tensorflow/tfjs-backend-wasm belongs to another copy of @tensorflow/tfjs-core. Install one version of each.",
    );
  }
  try {
    await checkBlobThreads();
    if (paths !== undefined && text(paths) !== text(told)) wasm.setWasmPaths(paths);
    told = paths ?? told;
    const native = await factory();
    for (const { setupFunc } of tfjs.getKernelsForBackend("wasm")) setupFunc?.(native);
    registry.wasm = native;
    return native;
  } catch (cause) {
    if (isDiffusionForcingError(cause)) throw cause;
    throw new DiffusionForcingError(
      "backend-unavailable",
      `tfjsBackend: the WebAssembly engine did not start: ${messageOf(cause)} ${advice(paths)}`,
      { cause },
    );
  }
}

function advice(paths: WasmPaths | undefined): string {
  const where =
    paths === undefined ? "where TensorFlow.js guesses, beside the script or the page" : `at ${text(paths)}`;
  return `The .wasm files of @tensorflow/tfjs-backend-wasm were looked for ${where}: serve them there, or say with wasmPaths where they are. After a failed start TensorFlow.js takes other paths only in a new page, worker or process. A content security policy needs 'wasm-unsafe-eval'.`;
}
