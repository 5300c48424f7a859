import { testBackend } from "@diffusion-forcing/core/testing";
import { afterAll, describe, it } from "vitest";
import { residentBytes } from "../../../../tools/test-devices/resident-bytes.js";
import { onnxBackend } from "./onnx-backend.js";

testBackend("onnx cpu", () => onnxBackend({ device: "cpu" }), {
  describe,
  it,
  afterAll,
  residentBytes,
  randomGraphs: Number(process.env.DFORCE_RANDOM_GRAPHS ?? 300),
});
