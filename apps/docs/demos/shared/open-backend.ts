import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Backend, selectBackend } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import webgpuModule from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import webgpuBinary from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import wasmModule from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasmBinary from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { fetchBytes } from "./fetch-bytes.js";
import type { DeviceChoice, Download, OpenedBackend } from "./messages.js";

const files = {
  wasm: { module: wasmModule, binary: wasmBinary, what: "ONNX Runtime" },
  webgpu: { module: webgpuModule, binary: webgpuBinary, what: "ONNX Runtime for WebGPU" },
} as const;

/** The runtime's file is fetched here, so that the page can show how far it is; ONNX Runtime gets it from memory. */
async function open(
  device: "wasm" | "webgpu",
  tell: (download: Download) => void,
  signal: AbortSignal,
): Promise<Backend> {
  const { module, binary, what } = files[device];
  const bytes = await fetchBytes(new URL(binary, location.href).href, { what, tell, signal });
  const wasm = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/wasm" }));
  try {
    return await onnxBackend({ device, wasmPaths: { wasm, mjs: new URL(module, location.href).href } });
  } finally {
    URL.revokeObjectURL(wasm);
  }
}

/** Whether the browser has a GPU of its own: a software driver is there for tests, and is slower than WebAssembly. */
async function hasRealGpu(): Promise<boolean> {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return adapter !== null && adapter !== undefined && adapter.info.isFallbackAdapter !== true;
}

/**
 * Opens the first device that computes the right numbers: WebGPU before WebAssembly.
 *
 * @throws `backend-unavailable`, `read-failed`, `aborted`
 */
export async function openBackend(
  choice: DeviceChoice,
  tell: (download: Download) => void,
  signal: AbortSignal,
): Promise<{ readonly backend: Backend; readonly opened: OpenedBackend }> {
  const provider: BackendProvider = {
    name: "onnx",
    devices: ["webgpu", "wasm"],
    open: (device) => open(device as "wasm" | "webgpu", tell, signal),
  };
  const tryGpu = choice === "webgpu" || (choice === "auto" && (await hasRealGpu()));
  const prefer = [...(tryGpu ? ["webgpu"] : []), "wasm"];
  const { backend, passedOver } = await selectBackend({ from: [provider], prefer, signal });
  const threads = backend.device === "wasm" && crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency) : 1;
  return {
    backend,
    opened: {
      device: backend.device,
      threads,
      version: backend.version ?? "",
      passedOver: passedOver.map(({ device, reason }) => `${device}: ${reason}`),
    },
  };
}
