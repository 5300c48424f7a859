import { testBackend } from "@diffusion-forcing/core/testing";
import { afterAll, describe, it } from "vitest";
import { pageBytes } from "../../../../tools/test-devices/page-bytes.js";
import { tfjsBackend } from "./tfjs-backend.js";

const wasmPaths = "/node_modules/@tensorflow/tfjs-backend-wasm/dist/";

testBackend("tfjs-webgpu", () => tfjsBackend({ device: "webgpu", wasmPaths }), {
  describe,
  it,
  afterAll,
  residentBytes: pageBytes,
});
