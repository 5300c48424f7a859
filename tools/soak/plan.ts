import { type BenchConfig, benchConfigs } from "../bench/configs.js";
import { type TestDevice, testDevices } from "../test-devices/devices.js";
import type { SoakPlan } from "./growth.js";

/** Small enough that a thousand steps on a software GPU, or in plain JavaScript, take minutes. */
const tiny: BenchConfig = { width: 16, layers: 1, heads: 2, feedForward: 32, tokens: 8, features: 3, batch: 4 };

/** @throws Error for a name that no device has */
export function testDevice(name: string): TestDevice {
  const found = testDevices.find((device) => device.name === name);
  if (found !== undefined) return found;
  throw new Error(
    `There is no device "${name}"; expected one of ${testDevices.map((device) => device.name).join(", ")}.`,
  );
}

/** @throws Error for numbers that are none */
export function planOf(device: TestDevice, options: { readonly settled?: string; readonly steps?: string }): SoakPlan {
  const count = (text: string | undefined, otherwise: number): number => {
    const value = text === undefined ? otherwise : Number(text);
    if (!Number.isInteger(value) || value < 1) throw new Error(`Got ${text} steps; expected a positive integer.`);
    return value;
  };
  const isSlow = device.device === "webgpu" || device.name === "reference" || device.name === "tfjs-node-cpu";
  // A software GPU in Node goes on making itself at home for two thousand steps.
  const settled = device.vulkan ? 2000 : 500;
  return {
    config: isSlow ? tiny : (benchConfigs.small as BenchConfig),
    settled: count(options.settled, settled),
    steps: count(options.steps, 1000),
  };
}
