/** The TensorFlow.js engines a backend can run on; "node-gpu" is CUDA through TensorFlow's native library. */
export type TfjsEngine = "node-gpu" | "node" | "webgpu" | "wasm" | "cpu";
