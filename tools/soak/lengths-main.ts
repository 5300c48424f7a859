/**
 * Samples 200 lengths, each once, with one sampler and a transformer of 77 MB, and prints how many copies of the weights
 * the process took at its peak: the resident set above that of the process after a tiny model of the same kind, over the
 * bytes of the weights. Linux, where glibc keeps what one length freed for the next unless it is told not to:
 *
 *     npm run soak:lengths -- --backend onnx/cpu
 *     npm run soak:lengths -- --backend onnx/wasm --lengths 50
 *     MALLOC_MMAP_THRESHOLD_=131072 npm run soak:lengths
 */
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { tfjsBackend } from "@diffusion-forcing/backend-tfjs";
import { copiesAtLengths } from "./lengths.js";

const backends = {
  "onnx/cpu": () => onnxBackend({ device: "cpu" }),
  "onnx/wasm": () => onnxBackend({ device: "wasm" }),
  "tfjs/wasm": () => tfjsBackend({ device: "wasm" }),
};

const { values } = parseArgs({
  options: { backend: { type: "string", default: "onnx/cpu" }, lengths: { type: "string", default: "200" } },
});
const lengths = Number(values.lengths);
const open = backends[values.backend as keyof typeof backends];
if (open === undefined || !Number.isInteger(lengths) || lengths < 1) {
  console.error(`Expected --backend ${Object.keys(backends).join("|")} and --lengths with a positive integer.`);
  process.exit(2);
}
setFlagsFromString("--expose-gc");
globalThis.gc = runInNewContext("gc") as typeof globalThis.gc;
const backend = await open();
const { weights, held, peak, end, seconds } = await copiesAtLengths(backend, lengths);
const copies = (count: number): string => count.toFixed(2);
console.log(
  `${values.backend}: ${lengths} lengths, ${(weights / 1e6).toFixed(1)} MB of weights; copies of them: ${copies(held)} before, ${copies(peak)} at the peak, ${copies(end)} in the end; ${seconds.toFixed(0)} s`,
);
await backend.dispose();
