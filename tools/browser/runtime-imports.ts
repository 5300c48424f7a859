const onnxRuntime = "/node_modules/onnxruntime-web/dist";
const tfjs = "/node_modules/@tensorflow";

/** Where pages without a bundler find the runtimes, as an import map; they load their .wasm files from beside them. */
export const runtimeImports: Readonly<Record<string, string>> = {
  "onnxruntime-web/webgpu": `${onnxRuntime}/ort.webgpu.bundle.min.mjs`,
  "onnxruntime-web/wasm": `${onnxRuntime}/ort.wasm.bundle.min.mjs`,
  "@tensorflow/tfjs-core": `${tfjs}/tfjs-core/dist/tf-core.fesm.min.js`,
  "@tensorflow/tfjs-backend-cpu": `${tfjs}/tfjs-backend-cpu/dist/tf-backend-cpu.fesm.min.js`,
  "@tensorflow/tfjs-backend-wasm": `${tfjs}/tfjs-backend-wasm/dist/tf-backend-wasm.fesm.js`,
  "@tensorflow/tfjs-backend-webgpu": `${tfjs}/tfjs-backend-webgpu/dist/tf-backend-webgpu.fesm.min.js`,
};
