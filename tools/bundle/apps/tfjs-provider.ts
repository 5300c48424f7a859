import { tfjsBackend, tfjsProvider } from "@diffusion-forcing/backend-tfjs";
import type { BackendProvider } from "@diffusion-forcing/core/backend";

/** TensorFlow.js, whose `.wasm` files the site serves from a folder. */
export const provider: BackendProvider = {
  ...tfjsProvider,
  open: (device) => tfjsBackend({ device: device as "wasm", wasmPaths: "/wasm/" }),
};
