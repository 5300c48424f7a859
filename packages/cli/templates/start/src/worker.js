import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { serveBackend } from "@diffusion-forcing/core/backend";

// The device lives here, so that the page stays responsive: WebGPU on a real GPU, else WebAssembly.
serveBackend(self, () => onnxBackend({ device: "auto" }));
