/**
 * The same program on any backend: `npx tsx --conditions=source examples/every-backend/main.ts tfjs/wasm`. Without an
 * argument it takes the fastest device that works. `npm run parity` runs it on every device, in Node and in a browser.
 */
import { onnxProvider } from "@diffusion-forcing/backend-onnx";
import { tfjsProvider } from "@diffusion-forcing/backend-tfjs";
import { selectBackend } from "@diffusion-forcing/core";
import { trainAndSample } from "./program.js";

const prefer = process.argv.slice(2);
const { backend, passedOver } = await selectBackend({
  from: [onnxProvider, tfjsProvider],
  ...(prefer.length > 0 ? { prefer } : {}),
});
for (const { name, device, reason } of passedOver) console.log(`passed over ${name}/${device}: ${reason}`);
console.log(`running on ${backend.name}/${backend.device}`);

const { losses, sample } = await trainAndSample(backend, 200, (step, loss) => {
  if (step % 50 === 0) console.log(`step ${step}: loss ${loss.toFixed(6)}`);
});
const values = Array.from(sample.data);
console.log(`sample: ${values.map((value) => value.toFixed(3)).join(" ")}`);
console.log(
  `checksum: ${values.reduce((sum, value) => sum + value, 0).toFixed(4)}, last loss ${losses.at(-1)?.toFixed(6)}`,
);
await backend.dispose();
