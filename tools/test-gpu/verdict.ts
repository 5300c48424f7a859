import { adviceFor } from "../../packages/cli/src/backends/advice.js";
import type { Environment } from "../../packages/cli/src/backends/environment.js";
import type { Finding } from "../../packages/cli/src/backends/finding.js";

/** The devices that an NVIDIA GPU is good for. */
export const gpuDevices: readonly string[] = ["onnx/cuda", "onnx/webgpu", "tfjs/node-gpu", "tfjs/webgpu"];

/** What was found on one device: whether it opens, and whether its conformance tests passed. */
export interface Verdict {
  readonly finding: Finding;
  /** Absent where the device did not open. */
  readonly passed?: boolean;
}

export const noGpu = `No NVIDIA GPU answers nvidia-smi, so there is nothing to test here.
This script is for a machine with an NVIDIA GPU and its driver (nvidia-smi lists both). It runs the conformance
tests on CUDA (ONNX Runtime, TensorFlow.js) and on WebGPU over that GPU. Without one, \`npm test\` runs WebGPU on a
software driver.`;

/** NVIDIA's Vulkan driver among all, so that WebGPU cannot fall back to another. */
export function nvidiaDriver({ vulkanDrivers }: Environment): string | undefined {
  return vulkanDrivers.find((path) => /nvidia[^/]*\.json$/.test(path));
}

/** The summary, line by line, and whether all is well. */
export function summarize(
  verdicts: readonly Verdict[],
  environment: Environment,
): { readonly lines: readonly string[]; readonly sound: boolean } {
  const lines = verdicts.flatMap(({ finding, passed }) => {
    const name = `${finding.name}/${finding.device}`.padEnd(14);
    if (passed === true) return [`passed   ${name}`];
    if (finding.available) return [`FAILED   ${name} see the tests above`];
    const advice = adviceFor(finding, environment).map((step) => `           - ${step}`);
    return [`MISSING  ${name} ${finding.reason}`, ...advice];
  });
  return { lines, sound: verdicts.length > 0 && verdicts.every(({ passed }) => passed === true) };
}
