/**
 * Samples 200 lengths, each once, with one sampler and a transformer of 77 MB, and prints how many copies of the weights
 * the process took at its peak: the resident set above that of the process after a tiny model of the same kind, over the
 * bytes of the weights. With 64 steps or more onnx/cpu packs the weights for each length, and on Linux glibc keeps what
 * one freed for the next unless it is told not to. A WebGPU without a GPU keeps its buffers in the process, too:
 *
 *     npm run soak:lengths -- --backend onnx/cpu
 *     npm run soak:lengths -- --backend onnx/wasm --lengths 50
 *     npm run soak:lengths -- --backend onnx/webgpu --lengths 20
 *     npm run soak:lengths -- --timesteps 50
 *     MALLOC_MMAP_THRESHOLD_=131072 npm run soak:lengths -- --timesteps 64
 */
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { tfjsBackend } from "@diffusion-forcing/backend-tfjs";
import { findChromium } from "../test-devices/chromium.js";
import { vulkanEnvironment } from "../test-devices/vulkan.js";
import { copiesAtLengths } from "./lengths.js";

const backends = {
  "onnx/cpu": () => onnxBackend({ device: "cpu" }),
  "onnx/wasm": () => onnxBackend({ device: "wasm" }),
  "onnx/webgpu": () => {
    Object.assign(process.env, vulkanEnvironment(findChromium()));
    return onnxBackend({ device: "webgpu" });
  },
  "tfjs/wasm": () => tfjsBackend({ device: "wasm" }),
};

const { values } = parseArgs({
  options: {
    backend: { type: "string", default: "onnx/cpu" },
    lengths: { type: "string", default: "200" },
    timesteps: { type: "string", default: "2" },
  },
});
const [lengths, timesteps] = [Number(values.lengths), Number(values.timesteps)];
const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;
const open = backends[values.backend as keyof typeof backends];
if (open === undefined || !isCount(lengths) || !isCount(timesteps)) {
  console.error(`Expected --backend ${Object.keys(backends).join("|")}, and positive integers for the others.`);
  process.exit(2);
}
setFlagsFromString("--expose-gc");
globalThis.gc = runInNewContext("gc") as typeof globalThis.gc;
const backend = await open();
const { weights, held, peak, end, seconds } = await copiesAtLengths(backend, lengths, timesteps);
const copies = (count: number): string => count.toFixed(2);
console.log(
  `${values.backend}: ${lengths} lengths in ${timesteps} steps, ${(weights / 1e6).toFixed(1)} MB of weights; copies of them: ${copies(held)} before, ${copies(peak)} at the peak, ${copies(end)} in the end; ${seconds.toFixed(0)} s`,
);
await backend.dispose();
