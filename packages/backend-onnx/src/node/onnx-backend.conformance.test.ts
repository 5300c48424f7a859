import { testBackend } from "@diffusion-forcing/core/testing";
import { afterAll, describe, it } from "vitest";
import { onnxBackend } from "./onnx-backend.js";

testBackend("onnx cpu", () => onnxBackend({ device: "cpu" }), {
  describe,
  it,
  afterAll,
  residentBytes: () => process.memoryUsage().rss,
});
