import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Backend, referenceBackend } from "@diffusion-forcing/core";

/** What recorded cases can be computed with, by name. */
export const goldenBackends: Readonly<Record<string, () => Promise<Backend>>> = {
  reference: async () => referenceBackend(),
  onnx: () => onnxBackend({ device: "cpu" }),
  // What a page runs, inside Node: the entry that bundlers for browsers resolve to.
  "onnx-wasm": async () => {
    const web = await import("../../packages/backend-onnx/src/web/index.js");
    return web.onnxBackend({ device: "wasm" });
  },
};
