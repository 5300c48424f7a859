/** Where the tools' pages find the runtimes that stay outside of bundles. */

const onnx = "/node_modules/onnxruntime-web/dist";

/** ONNX Runtime looks for its .wasm files beside its own module, so the tools serve it as it is published. */
export const onnxRuntimeImports: Readonly<Record<string, string>> = {
  "onnxruntime-web/webgpu": `${onnx}/ort.webgpu.bundle.min.mjs`,
  "onnxruntime-web/wasm": `${onnx}/ort.wasm.bundle.min.mjs`,
};

export const importMap = (imports: Readonly<Record<string, string>>): string =>
  `<script type="importmap">${JSON.stringify({ imports })}</script>`;
