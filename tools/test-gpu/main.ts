/**
 * Tests on an NVIDIA GPU: `npm run test:gpu`. Opens CUDA and WebGPU on ONNX Runtime and TensorFlow.js, runs the
 * conformance kit on each that opens, and fails for each that does not, with what to do about it.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { chosenDevices } from "../../packages/cli/src/backends/choice.js";
import { readEnvironment } from "../../packages/cli/src/backends/environment.js";
import { backendProviders } from "../../packages/cli/src/backends/providers.js";
import { surveyDevices } from "../../packages/cli/src/backends/survey.js";
import { gpuDevices, noGpu, nvidiaDriver, summarize, type Verdict } from "./verdict.js";

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

function runConformance(device: string): boolean {
  const { status } = spawnSync(process.execPath, [vitest, "run", "--config", "tools/test-gpu/vitest.config.ts"], {
    stdio: "inherit",
    env: { ...process.env, DFORCE_GPU_DEVICE: device },
  });
  return status === 0;
}

async function main(): Promise<number> {
  const environment = await readEnvironment();
  if (environment.nvidia.length === 0) {
    console.error(noGpu);
    return 1;
  }
  console.log(`NVIDIA: ${environment.nvidia.join("; ")}`);
  const driver = nvidiaDriver(environment);
  if (driver !== undefined) process.env.VK_DRIVER_FILES = driver;
  else if (environment.platform === "linux") {
    console.log("NVIDIA's Vulkan driver was not found: WebGPU may run on another one, or not at all.");
  }
  const verdicts: Verdict[] = [];
  for await (const finding of surveyDevices(chosenDevices(backendProviders(), gpuDevices))) {
    const device = `${finding.name}/${finding.device}`;
    console.log(`\n== ${device}: ${finding.available ? "opens" : finding.reason}`);
    verdicts.push(finding.available ? { finding, passed: runConformance(device) } : { finding });
  }
  const { lines, sound } = summarize(verdicts, environment);
  console.log(`\n${"=".repeat(80)}\n${lines.join("\n")}\n${"=".repeat(80)}`);
  if (!sound) console.error("Not everything that an NVIDIA GPU is good for works here.");
  return sound ? 0 : 1;
}

process.exitCode = await main();
