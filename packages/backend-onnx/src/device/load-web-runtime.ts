import { DiffusionForcingError } from "@diffusion-forcing/core";
import { messageOf } from "./failure.js";
import type { OnnxBackendOptions, WasmPaths } from "./options.js";
import type { Runtime } from "./runtime.js";
import { Turns } from "./turns.js";

/** What this package uses of onnxruntime-web. */
export interface WebRuntime extends Runtime {
  readonly env: {
    logLevel?: string;
    readonly wasm: { numThreads?: number; wasmPaths?: WasmPaths };
    readonly versions: { readonly web?: string };
  };
}

/** One bundle's WebAssembly instance: it does one thing at a time, and its settings hold for the life of the page. */
export interface LoadedRuntime {
  readonly runtime: WebRuntime;
  readonly turns: Turns;
  readonly threads: number;
  /** undefined: ONNX Runtime looks beside its own module. */
  readonly wasmPaths: WasmPaths | undefined;
  /** Why its WebAssembly did not start, once it did not: ONNX Runtime tries once. */
  failure?: string;
}

type LoadOptions = Pick<OnnxBackendOptions, "threads" | "wasmPaths">;

type Bundle = "webgpu" | "wasm";

/** Imports a bundle: each platform in a way that its bundlers understand. */
export type ImportBundle = () => Promise<unknown>;

const loaded = new Map<Bundle, Promise<LoadedRuntime>>();

/**
 * Imports a bundle once.
 *
 * @throws `missing-dependency`, `backend-unavailable`; `invalid-argument` for settings other than those it was first
 *   loaded with.
 */
export async function loadWebRuntime(
  bundle: Bundle,
  options: LoadOptions,
  importBundle: ImportBundle,
): Promise<LoadedRuntime> {
  let loading = loaded.get(bundle);
  if (loading === undefined) {
    loading = load(bundle, options, importBundle);
    loaded.set(bundle, loading);
    loading.catch(() => loaded.delete(bundle));
  }
  const result = await loading;
  const { threads = result.threads, wasmPaths = result.wasmPaths } = options;
  checkUnchanged("threads", possibleThreads(threads), result.threads);
  checkUnchanged("wasmPaths", wasmPaths, result.wasmPaths);
  return result;
}

/** Keys in one order. */
const text = (value: number | WasmPaths | undefined): string | undefined => JSON.stringify(value, ["mjs", "wasm"]);

/** ONNX Runtime reads its settings once a page; what comes later would be ignored. */
function checkUnchanged<T extends number | WasmPaths>(name: keyof LoadOptions, given?: T, first?: T): void {
  const [wanted, loaded] = [text(given), text(first) ?? "its default"];
  if (given === undefined || wanted === loaded) return;
  throw new DiffusionForcingError(
    "invalid-argument",
    `onnxBackend: ${name} is ${wanted}, but this page loaded ONNX Runtime with ${loaded} before, which cannot be changed. Give the first backend of the page this value, or use a worker.`,
  );
}

async function load(bundle: Bundle, options: LoadOptions, importBundle: ImportBundle): Promise<LoadedRuntime> {
  const runtime = (await importBundle().catch((cause: unknown) => {
    throw explainImport(cause);
  })) as WebRuntime;
  const threads = possibleThreads(options.threads);
  runtime.env.logLevel = "fatal";
  runtime.env.wasm.numThreads = threads;
  const wasmPaths = options.wasmPaths ?? (bundle === "wasm" && threads > 1 ? emittedFiles() : undefined);
  if (wasmPaths !== undefined) runtime.env.wasm.wasmPaths = wasmPaths;
  return { runtime, threads, wasmPaths, turns: new Turns() };
}

/** What browsers, bundlers and Node say of a package that is nowhere. */
const unresolved = /ERR_MODULE_NOT_FOUND|resolve module specifier|Cannot find (package|module)|bare specifier/i;

/** Why onnxruntime-web was not imported, told apart by what the platform says: there is no common code for it. */
export function explainImport(cause: unknown): DiffusionForcingError {
  const message = messageOf(cause);
  const text = `${(cause as { code?: unknown } | null)?.code} ${message}`;
  if (unresolved.test(text)) {
    return new DiffusionForcingError(
      "missing-dependency",
      `onnxBackend needs the package onnxruntime-web, which is not there (${message}). Run: npm install onnxruntime-web`,
      { cause },
    );
  }
  const advice = /disallowed/i.test(text)
    ? "A service worker cannot import modules while it runs: open the backend in a page or a Web Worker."
    : "It is installed, but its part of the app did not arrive, as after a lost connection or a new deployment: try again or reload the page.";
  return new DiffusionForcingError(
    "backend-unavailable",
    `onnxBackend: onnxruntime-web could not be loaded (${message}). ${advice}`,
    { cause },
  );
}

/** Why not even the smallest session opens: mostly, the .wasm file was not found. Later tries are told the first cause. */
export function explainFirstSession(device: string, runtime: LoadedRuntime, cause: unknown): DiffusionForcingError {
  const again = runtime.failure !== undefined;
  runtime.failure ??= messageOf(cause);
  const advice =
    "If a .wasm file was not found, copy it from onnxruntime-web/dist beside the bundle, or pass wasmPaths; a content security policy needs 'wasm-unsafe-eval'.";
  const finality = `ONNX Runtime starts its WebAssembly once${again ? ", and that failed before" : ""}: after mending it, reload the page or start another worker.`;
  return new DiffusionForcingError(
    "backend-unavailable",
    `onnxBackend: device "${device}" cannot be used: ${runtime.failure}. ${advice} ${finality}`,
    { cause },
  );
}

/**
 * The files of the "wasm" bundle where a bundler emitted them; undefined if none did.
 *
 * ONNX Runtime starts its threads from the module it lies in. Vite lets that module import the app's own chunk, which
 * then runs in every thread and fails there; so threads start from ONNX Runtime's separate module.
 */
function emittedFiles(): WasmPaths | undefined {
  // Vite and webpack recognise exactly this form and put in the address of a file that they copy.
  const mjs = new URL("onnxruntime-web/ort-wasm-simd-threaded.mjs", import.meta.url).href;
  const wasm = new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url).href;
  const isEmitted = !mjs.endsWith("onnxruntime-web/ort-wasm-simd-threaded.mjs");
  return isEmitted ? { mjs, wasm } : undefined;
}

/** Threads share memory, which pages have only if they are cross-origin isolated. Default: all cores, at most 8. */
function possibleThreads(asked: number | undefined): number {
  const page = globalThis as { crossOriginIsolated?: boolean; navigator?: { hardwareConcurrency?: number } };
  if (page.crossOriginIsolated !== true) return 1;
  return asked ?? Math.min(8, page.navigator?.hardwareConcurrency ?? 1);
}
