import { type OnnxDevice, onnxBackend } from "@diffusion-forcing/backend-onnx";
import type { Backend } from "@diffusion-forcing/core";
import type { BackendChoice } from "./options.js";

/** The backend the options name. */
export function openBackend({ device, threads }: BackendChoice): Promise<Backend> {
  return onnxBackend({ device: device as OnnxDevice, ...(threads === undefined ? {} : { threads }) });
}
