// Cross-origin isolation gives WebAssembly several threads; your own server has to send these two headers as well.
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export default {
  server: { headers },
  preview: { headers },
  // ONNX Runtime finds its .wasm files beside its own module.
  optimizeDeps: { exclude: ["onnxruntime-web"] },
  worker: { format: "es" },
};
