/**
 * For people with an NVIDIA GPU: conformance on CUDA, and on WebGPU over that GPU's own Vulkan driver.
 *
 *     npm run test:gpu                       ONNX Runtime: CUDA and WebGPU
 *     npm run test:gpu -- tfjs-node-gpu      or the devices named
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { vulkanEnvironment } from "./vulkan.js";

const names = process.argv.length > 2 ? process.argv.slice(2) : ["onnx-node-cuda", "onnx-node-webgpu"];
if (Object.keys(vulkanEnvironment(undefined) ?? { none: "" }).length > 0) {
  console.error(
    "This machine has no GPU with a Vulkan driver: /dev/dri and /usr/share/vulkan/icd.d (or VK_DRIVER_FILES) show one.",
  );
  process.exit(1);
}
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--maxWorkers=1", ...names.flatMap((name) => ["--project", name])],
  { stdio: "inherit", env: { ...process.env, DFORCE_DEVICES: names.join(",") } },
);
process.exitCode = status ?? 1;
