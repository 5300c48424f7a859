import { DiffusionForcingError } from "@diffusion-forcing/core";
import { checkOptions, schemas } from "@diffusion-forcing/core/backend";

/** The devices of ONNX Runtime: "cuda", "cpu" in Node, "webgpu" and "wasm" in Node and in browsers. */
export type OnnxDevice = "cuda" | "webgpu" | "cpu" | "wasm";

/** Where ONNX Runtime's .wasm file is: a folder's URL ending in "/", or the files' own URLs. */
export type WasmPaths = string | { readonly wasm?: string; readonly mjs?: string };

/** One type for Node and browsers, so that code type-checks alike whichever entry a bundler or compiler resolves. */
export interface OnnxBackendOptions {
  /**
   * In Node:
   * - "cpu": native speed everywhere.
   * - "cuda": Linux x64 with an NVIDIA GPU and the CUDA provider installed; tensors return to the host.
   * - "webgpu": any GPU with a driver (Vulkan, Metal, Direct3D 12); state stays on the device. A run blocks the
   *   event loop, as on the CPU.
   * - "wasm": one thread of WebAssembly, where the native package cannot be installed.
   * - "auto" (the default): "cuda" if its provider is installed and works, else "cpu", else, where onnxruntime-node is not
   *   installed, "wasm". WebGPU is not taken by itself: in Node nothing tells a GPU from a driver that computes on the CPU.
   *
   * In a browser:
   * - "webgpu": state stays on the device; runs do not block the page's thread.
   * - "wasm": everywhere; a run blocks the thread it is made in, so prefer a worker.
   * - "auto" (the default): "webgpu" on a real GPU (not the browser's software fallback), else "wasm".
   */
  readonly device?: OnnxDevice | "auto";
  /**
   * CPU threads of each operator. "cpu" in Node: by default as many as the process may use cores.
   *
   * Browsers: by default all cores, at most 8, for "wasm"; 1 for "webgpu", which computes on the GPU. One where the page is
   * not cross-origin isolated. The first backend on a device decides for the page; another value later is an error.
   */
  readonly threads?: number;
  /**
   * "cpu" in Node: whether threads without work wait by spinning, which starts an operator sooner and keeps a core busy.
   * By default they do while other processes leave their cores free, which is looked at anew while it runs: best alone, it
   * costs half the speed where another process wants one of two cores. Results do not depend on it.
   */
  readonly spinning?: boolean;
  /**
   * WebAssembly: where onnxruntime-web's files are, if not beside its module or the bundle. The first backend on a device
   * decides.
   */
  readonly wasmPaths?: WasmPaths;
  /** Options of ONNX Runtime's `InferenceSession.create`, which override this package's. */
  readonly sessionOptions?: Readonly<Record<string, unknown>>;
}

function arePaths(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value === "string";
  return Object.entries(value).every(([key, path]) => ["wasm", "mjs"].includes(key) && typeof path === "string");
}

const isRecord = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(Object.getPrototypeOf(value)) === null;

/**
 * @param devices those of this platform.
 * @throws `invalid-argument`; `backend-unavailable` for a device that is not of this platform.
 */
export function checkBackendOptions(options: OnnxBackendOptions, devices: readonly OnnxDevice[]): void {
  checkOptions(
    "onnxBackend",
    {
      device: schemas.satisfying("a device's name", (value) => typeof value === "string"),
      threads: schemas.integer(1, 1024),
      spinning: schemas.satisfying("true or false", (value) => typeof value === "boolean"),
      wasmPaths: schemas.satisfying("a folder's URL, or { wasm, mjs } with the files' own", arePaths),
      sessionOptions: schemas.satisfying("options of InferenceSession.create", isRecord),
    },
    options,
  );
  const { device = "auto" } = options;
  if (device === "auto" || devices.includes(device)) return;
  const known = ["auto", ...devices].map((name) => `"${name}"`).join(", ");
  throw new DiffusionForcingError(
    "backend-unavailable",
    `onnxBackend: there is no device "${device}" here; expected ${known}.`,
  );
}
