import { expect, it } from "vitest";
import { adviceFor } from "./advice.js";
import type { Environment } from "./environment.js";
import type { Finding } from "./finding.js";

const laptop: Environment = {
  platform: "linux",
  arch: "x64",
  node: "20.20.2",
  nvidia: [],
  libraries: [],
  vulkanDrivers: [],
};
const workstation: Environment = {
  ...laptop,
  nvidia: ["NVIDIA GeForce RTX 4090, 550.54"],
  libraries: ["libvulkan.so.1", "libcudart.so.12", "libcublas.so.12"],
  vulkanDrivers: ["/usr/share/vulkan/icd.d/nvidia_icd.json"],
};

function advise(
  which: string,
  environment: Environment,
  code: "backend-unavailable" | "backend-failure" | "missing-dependency" = "missing-dependency",
) {
  const [name, device] = which.split("/") as [string, string];
  const finding: Finding = { name, device, available: false, code, reason: "it does not work" };
  return adviceFor(finding, environment);
}

it.each<[string, Environment, readonly string[]]>([
  ["onnx/cpu", laptop, ["ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node"]],
  ["onnx/cuda", laptop, ["No NVIDIA GPU answers nvidia-smi"]],
  ["onnx/cuda", { ...laptop, platform: "darwin", arch: "arm64" }, ["this is darwin on arm64"]],
  [
    "onnx/cuda",
    workstation,
    [
      "Found: NVIDIA GeForce RTX 4090, 550.54.",
      "ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node",
      "libcudnn.so.9 not found",
    ],
  ],
  ["onnx/webgpu", laptop, ["apt-get install libvulkan1", "apt-get install mesa-vulkan-drivers"]],
  ["onnx/webgpu", workstation, ["nvidia_icd.json"]],
  ["onnx/webgpu", { ...laptop, platform: "win32" }, ["Update the graphics driver."]],
  ["tfjs/webgpu", workstation, ["@tensorflow/tfjs-backend-webgpu webgpu", "nvidia_icd.json"]],
  ["tfjs/node-gpu", laptop, ["No NVIDIA GPU answers nvidia-smi"]],
  ["tfjs/node-gpu", workstation, ["CUDA 11.2", "npm install @tensorflow/tfjs-core @tensorflow/tfjs-node-gpu"]],
  ["tfjs/node", { ...laptop, node: "24.1.0" }, ["does not run on Node 24", "npm install"]],
  ["tfjs/node", laptop, ["npm install @tensorflow/tfjs-core @tensorflow/tfjs-node"]],
  ["tfjs/wasm", laptop, ["npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm"]],
  ["tfjs/cpu", laptop, ["npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu"]],
])("%s", (which, environment, expected) => {
  const steps = advise(which, environment);
  expect(steps.length).toBe(expected.length);
  expected.forEach((part, i) => {
    expect(steps[i]).toContain(part);
  });
});

it("does not tell to install packages that are installed when only the adapter or a library is missing", () => {
  for (const device of ["tfjs/webgpu", "tfjs/wasm", "tfjs/cpu", "tfjs/node", "tfjs/node-gpu"]) {
    expect(advise(device, workstation, "backend-unavailable").join("\n"), device).not.toContain("npm install");
  }
  expect(advise("tfjs/webgpu", workstation, "backend-unavailable").join("\n")).toContain("nvidia_icd.json");
});

it("asks for a report of what nobody knows", () => {
  expect(advise("gizmo/cpu", laptop, "backend-failure")).toEqual(["Please report it with the output above."]);
});

it("leaves what works alone", () => {
  const finding: Finding = {
    name: "onnx",
    device: "cpu",
    available: true,
    parity: 0,
    worst: "",
    matmulMilliseconds: 1,
    trainingStepMilliseconds: 1,
  };
  expect(adviceFor(finding, laptop)).toEqual([]);
});
