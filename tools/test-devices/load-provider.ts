import { type BackendProvider, referenceBackend } from "@diffusion-forcing/core";

const reference: BackendProvider = { name: "reference", devices: ["cpu"], open: async () => referenceBackend() };

/** A backend's provider, loaded when asked for: the entry for Node or for a page, whichever this is. */
export async function loadProvider(name: string): Promise<BackendProvider> {
  if (name === "reference") return reference;
  const { onnxProvider, tfjsProvider } = (await (name === "onnx"
    ? import("@diffusion-forcing/backend-onnx")
    : import("@diffusion-forcing/backend-tfjs"))) as {
    onnxProvider?: BackendProvider;
    tfjsProvider?: BackendProvider;
  };
  const provider = onnxProvider ?? tfjsProvider;
  if (provider === undefined) throw new Error(`@diffusion-forcing/backend-${name} exports no provider.`);
  return provider;
}
