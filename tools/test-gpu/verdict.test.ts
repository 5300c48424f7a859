import { expect, it } from "vitest";
import type { Environment } from "../../packages/cli/src/backends/environment.js";
import type { Finding } from "../../packages/cli/src/backends/finding.js";
import { nvidiaDriver, summarize } from "./verdict.js";

const workstation: Environment = {
  platform: "linux",
  arch: "x64",
  node: "22.1.0",
  nvidia: ["NVIDIA H100, 550.54"],
  libraries: ["libvulkan.so.1"],
  vulkanDrivers: ["/usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "/etc/vulkan/icd.d/nvidia_icd.json"],
};
const opens: Finding = {
  name: "onnx",
  device: "webgpu",
  available: true,
  parity: 0,
  worst: "",
  matmulMilliseconds: 1,
  trainingStepMilliseconds: 1,
};
const missing: Finding = {
  name: "onnx",
  device: "cuda",
  available: false,
  code: "backend-unavailable",
  reason: "the provider is not installed",
};

it("is sound only if everything passed", () => {
  expect(summarize([{ finding: opens, passed: true }], workstation)).toEqual({
    lines: ["passed   onnx/webgpu   "],
    sound: true,
  });
  expect(summarize([{ finding: opens, passed: false }], workstation)).toEqual({
    lines: ["FAILED   onnx/webgpu    see the tests above"],
    sound: false,
  });
  expect(summarize([], workstation).sound).toBe(false);
});

it("says what is missing and what to do", () => {
  const { lines, sound } = summarize([{ finding: opens, passed: true }, { finding: missing }], workstation);
  expect(sound).toBe(false);
  expect(lines[1]).toBe("MISSING  onnx/cuda      the provider is not installed");
  expect(lines.join("\n")).toContain("- The CUDA provider, in one command: ONNXRUNTIME_NODE_INSTALL=cuda12");
});

it("pins WebGPU to NVIDIA's driver", () => {
  expect(nvidiaDriver(workstation)).toBe("/etc/vulkan/icd.d/nvidia_icd.json");
  expect(
    nvidiaDriver({ ...workstation, vulkanDrivers: ["/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"] }),
  ).toBeUndefined();
});
