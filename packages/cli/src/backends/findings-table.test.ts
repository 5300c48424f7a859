import { expect, it } from "vitest";
import { formatFindings } from "./findings-table.js";

it("prints a row per device and the reasons below", () => {
  const text = formatFindings([
    {
      name: "onnx",
      device: "cpu",
      available: true,
      version: "1.30.0",
      parity: 1.96e-6,
      worst: "gather",
      matmulMilliseconds: 0.321,
      trainingStepMilliseconds: 12.4,
    },
    { name: "onnx", device: "cuda", available: false, code: "backend-unavailable", reason: "no GPU\u001b[2J" },
  ]);
  expect(text.split("\n")).toEqual([
    "  backend/device  works  version  parity  matmul 256  training step",
    "  onnx/cpu          yes   1.30.0  2.0e-6     0.32 ms          12 ms",
    "  onnx/cuda          no",
    "",
    "  parity: largest difference from the reference over a probe of all that models need, relative; times are medians:",
    "  a product of two 256 x 256 matrices, and a step of a small transformer (17,000 parameters, 8 sequences of 16 tokens)",
    "",
    "Why not:",
    "  onnx/cuda: no GPU\u25a1[2J",
  ]);
});
