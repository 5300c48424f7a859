import { onnxProvider } from "@diffusion-forcing/backend-onnx";
import { start } from "./start.js";

start(onnxProvider, () => new Worker(new URL("./onnx-worker.js", import.meta.url), { type: "module" }));
