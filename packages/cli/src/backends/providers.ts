import { type OnnxDevice, onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type BackendProvider, referenceBackend } from "@diffusion-forcing/core";

export interface ProviderOptions {
  /** CPU threads of ONNX Runtime; the other runtimes choose for themselves. */
  readonly threads?: number;
}

/** The interpreter in core. It needs nothing and is slow, so it comes last. */
const reference: BackendProvider = { name: "reference", devices: ["cpu"], open: async () => referenceBackend() };

const tfjs: BackendProvider = {
  name: "tfjs",
  devices: ["node-gpu", "webgpu", "node", "wasm", "cpu"],
  open: async (device) => (await import("@diffusion-forcing/backend-tfjs")).tfjsProvider.open(device),
};

/** Every backend the command line knows. Their runtimes are loaded only when a device is opened. */
export function backendProviders({ threads }: ProviderOptions = {}): readonly BackendProvider[] {
  const onnx: BackendProvider = {
    name: "onnx",
    devices: ["cuda", "webgpu", "cpu"],
    open: (device) => onnxBackend({ device: device as OnnxDevice, ...(threads === undefined ? {} : { threads }) }),
  };
  return [onnx, tfjs, reference];
}
