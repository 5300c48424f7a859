import { type OnnxDevice, onnxBackend, onnxProvider } from "@diffusion-forcing/backend-onnx";
import { tfjsProvider } from "@diffusion-forcing/backend-tfjs";
import { type BackendProvider, referenceProvider } from "@diffusion-forcing/core/backend";

export interface ProviderOptions {
  /** CPU threads of ONNX Runtime; the other runtimes choose for themselves. */
  readonly threads?: number;
}

/** Every backend the command line knows. Their runtimes are loaded only when a device is opened. */
export function backendProviders({ threads }: ProviderOptions = {}): readonly BackendProvider[] {
  const onnx: BackendProvider =
    threads === undefined
      ? onnxProvider
      : { ...onnxProvider, open: (device) => onnxBackend({ device: device as OnnxDevice, threads }) };
  return [onnx, tfjsProvider, referenceProvider];
}
