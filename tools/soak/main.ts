/**
 * Trains and denoises a thousand steps on a device and fails if anything grows after the first five hundred: memory by
 * more than 5 %, tensors or GPU buffers by one.
 *
 *     npm run soak -- --device onnx-node-cpu
 *     npm run soak -- --all
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { servePage } from "../browser/serve-page.js";
import { launchChromium, visit } from "../browser/visit.js";
import { findChromium, memoryArguments } from "../test-devices/chromium.js";
import { type TestDevice, testDevices } from "../test-devices/devices.js";
import { openDevice } from "../test-devices/open-device.js";
import { residentBytes } from "../test-devices/resident-bytes.js";
import { vulkanEnvironment } from "../test-devices/vulkan.js";
import { countGpuBuffers } from "./gpu-buffers.js";
import { excesses, type Growth, type Holdings, soak } from "./growth.js";
import { planOf, testDevice } from "./plan.js";
import { countTensors } from "./tensors.js";

interface Options {
  readonly settled?: string;
  readonly steps?: string;
}

async function soakInNode(device: TestDevice, options: Options): Promise<Growth[]> {
  setFlagsFromString("--expose-gc");
  globalThis.gc = runInNewContext("gc") as typeof globalThis.gc;
  if (device.vulkan) Object.assign(process.env, vulkanEnvironment(findChromium()));
  const backend = await openDevice(device);
  const gpuBuffers = countGpuBuffers();
  const tensors = await countTensors(device);
  const measure = async (): Promise<Holdings> => {
    const counts = { gpuBuffers: gpuBuffers(), tensors: tensors() };
    const known = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined));
    return { bytes: await residentBytes(), ...known };
  };
  const growths = await soak(backend, planOf(device, options), measure);
  await backend.dispose();
  return growths;
}

async function soakInChromium(device: TestDevice, options: Options): Promise<Growth[]> {
  const server = await servePage("tools/soak/page.ts");
  const browser = await launchChromium(...memoryArguments);
  try {
    const query = new URLSearchParams({ device: device.name, ...options });
    return (await visit(browser, `${server.origin}/?${query}`, { timeout: 3_600_000 })) as Growth[];
  } finally {
    await browser.close();
    await server.close();
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function describeGrowth({ job, before, after }: Growth): string {
  const parts = [`${megabytes(before.bytes)} -> ${megabytes(after.bytes)}`];
  if (after.gpuBuffers !== undefined) parts.push(`GPU buffers ${before.gpuBuffers} -> ${after.gpuBuffers}`);
  if (after.tensors !== undefined) parts.push(`tensors ${before.tensors} -> ${after.tensors}`);
  return `${job}: ${parts.join(", ")}`;
}

async function soakDevice(device: TestDevice, options: Options): Promise<number> {
  const growths = await (device.host === "node" ? soakInNode : soakInChromium)(device, options);
  const { steps } = planOf(device, options);
  for (const growth of growths) console.log(`${device.name}: ${steps} steps of ${describeGrowth(growth)}`);
  const found = growths.flatMap(excesses);
  for (const excess of found) console.log(`${device.name}: GREW: ${excess}`);
  return found.length === 0 ? 0 : 1;
}

/** Every device in a process of its own, so that none inherits another's memory. */
function soakAll(options: Options): number {
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const failed = testDevices.filter(({ name }) => {
    const program = [...process.execArgv, process.argv[1] as string, "--device", name, ...words];
    return spawnSync(process.execPath, program, { stdio: "inherit" }).status !== 0;
  });
  if (failed.length > 0) console.log(`Failed: ${failed.map(({ name }) => name).join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    device: { type: "string", default: "onnx-node-cpu" },
    all: { type: "boolean", default: false },
    settled: { type: "string" },
    steps: { type: "string" },
  },
});
const { device, all, ...options } = values;
process.exitCode = all ? soakAll(options) : await soakDevice(testDevice(device), options);
