/**
 * The bundles by their own names. The package's default and "all" bundles are never imported: their older WebGPU
 * kernels return wrong numbers without a word (Concat of 8 operands, reversed slices).
 */
export const importRuntime: Readonly<Record<"webgpu" | "wasm", () => Promise<unknown>>> = {
  webgpu: () => import("onnxruntime-web/webgpu"),
  wasm: () => import("onnxruntime-web/wasm"),
};
