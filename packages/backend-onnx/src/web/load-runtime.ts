import { DiffusionForcingError } from "@diffusion-forcing/core";
import { messageOf } from "../device/failure.js";
import type { Runtime } from "../run/runtime.js";
import { Turns } from "../run/turns.js";

/** Where ONNX Runtime's .wasm file is: a folder's URL ending in "/", or the files' own URLs. */
export type WasmPaths = string | { readonly wasm?: string; readonly mjs?: string };

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
}

export interface LoadOptions {
  readonly threads: number | undefined;
  readonly wasmPaths: WasmPaths | undefined;
}

type Bundle = "webgpu" | "wasm";

/**
 * The bundles by their own names. The package's default and "all" bundles are never imported: their older WebGPU
 * kernels return wrong numbers without a word (Concat of 8 operands, reversed slices).
 */
const importers: Readonly<Record<Bundle, () => Promise<unknown>>> = {
  webgpu: () => import("onnxruntime-web/webgpu"),
  wasm: () => import("onnxruntime-web/wasm"),
};

const loaded = new Map<Bundle, Promise<LoadedRuntime>>();

/**
 * Imports a bundle once.
 *
 * @throws `missing-dependency`; `invalid-argument` for settings other than those it was first loaded with.
 */
export async function loadRuntime(bundle: Bundle, options: LoadOptions): Promise<LoadedRuntime> {
  let loading = loaded.get(bundle);
  if (loading === undefined) {
    loading = load(bundle, options);
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

async function load(bundle: Bundle, options: LoadOptions): Promise<LoadedRuntime> {
  let runtime: WebRuntime;
  try {
    runtime = (await importers[bundle]()) as WebRuntime;
  } catch (cause) {
    throw new DiffusionForcingError(
      "missing-dependency",
      `onnxBackend needs the package onnxruntime-web, which does not load here (${messageOf(cause)}). Run: npm install onnxruntime-web`,
      { cause },
    );
  }
  const threads = possibleThreads(options.threads);
  runtime.env.logLevel = "fatal";
  runtime.env.wasm.numThreads = threads;
  const wasmPaths = options.wasmPaths ?? (bundle === "wasm" && threads > 1 ? emittedFiles() : undefined);
  if (wasmPaths !== undefined) runtime.env.wasm.wasmPaths = wasmPaths;
  return { runtime, threads, wasmPaths, turns: new Turns() };
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
