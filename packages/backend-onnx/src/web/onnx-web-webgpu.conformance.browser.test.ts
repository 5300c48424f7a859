import { testBackend } from "@diffusion-forcing/core/testing";
import { afterAll, describe, it } from "vitest";
import { pageBytes } from "../../../../tools/test-devices/page-bytes.js";
import { onnxBackend } from "./onnx-backend.js";

testBackend("onnx-web-webgpu", () => onnxBackend({ device: "webgpu" }), {
  describe,
  it,
  afterAll,
  residentBytes: pageBytes,
  randomGraphs: 60,
});
