/** A Web Worker that serves ONNX Runtime's browser devices; for tests. */
import { serveBackend } from "@diffusion-forcing/core/backend";
import { type OnnxDevice, onnxBackend } from "../../packages/backend-onnx/src/web/index.js";

serveBackend(self as unknown as Parameters<typeof serveBackend>[0], (device) =>
  onnxBackend({ device: device as OnnxDevice }),
);
