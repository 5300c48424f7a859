import { type BackendProvider, referenceBackend } from "@diffusion-forcing/core";

/** The library without any runtime. */
export const referenceProvider: BackendProvider = {
  name: "reference",
  devices: ["cpu"],
  open: async () => referenceBackend(),
};
