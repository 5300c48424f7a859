import { onnxProvider } from "@diffusion-forcing/backend-onnx";
import { answer } from "./start.js";

answer(onnxProvider);
