import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { serveBackend } from "@diffusion-forcing/core/backend";

// All of the worker: the device is opened here, and graphs arrive as messages.
serveBackend(self, () => onnxBackend({ device: "auto" }));
