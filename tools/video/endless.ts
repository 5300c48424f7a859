/**
 * Dreams on and on, and says how long a frame takes and whether memory grows:
 * `npm run video:endless -- [MODEL_FOLDER] [FRAMES] [THREADS]`
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { createRandom } from "@diffusion-forcing/core";
import { loadBundle } from "@diffusion-forcing/core/bundle";
import { folderStore } from "@diffusion-forcing/core/node";
import { openDream } from "@diffusion-forcing/tasks/video";
import { residentBytes } from "../test-devices/resident-bytes.js";

const [folder = "packages/tasks/models/maze-world", frames = "5000", threads = "2"] = process.argv.slice(2);
setFlagsFromString("--expose-gc");
globalThis.gc = runInNewContext("gc") as typeof globalThis.gc;

const backend = await onnxBackend({ threads: Number(threads) });
const dream = await openDream(await loadBundle(folderStore(folder)), { backend, seed: 0 });
const random = createRandom(0);
const total = Number(frames);
const settled = Math.min(500, Math.floor(total / 2));
const times: number[] = [];
let before = 0;
for (let frame = 1; frame <= total; frame++) {
  const action = dream.actions[random.integer(0, dream.actions.length)];
  const started = performance.now();
  await dream.next(action);
  // The first frame compiles.
  if (frame > 1) times.push(performance.now() - started);
  if (frame === settled) before = await residentBytes();
}
const after = await residentBytes();
times.sort((a, b) => a - b);
const quantile = (share: number): string => (times[Math.floor(share * (times.length - 1))] as number).toFixed(0);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
console.log(
  `${total} frames on ${threads} threads: ${quantile(0.5)} ms a frame (median), ${quantile(0.95)} ms (95 %); memory ${megabytes(before)} after ${settled} frames, ${megabytes(after)} after ${total}`,
);
await dream.dispose();
await backend.dispose();
