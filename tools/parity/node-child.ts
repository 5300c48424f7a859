/** Measures one device and sends the result to its parent; a process of its own, since native libraries may abort. */

import { openNamed } from "../test-devices/open-device.js";
import { measure } from "./measure.js";

const name = process.argv[2] as string;
const send = (message: unknown): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(message, () => resolve());
  });

try {
  const backend = await openNamed(name);
  await send({ measured: await measure(backend, (progress) => void send({ progress })) });
} catch (error) {
  await send({ reason: error instanceof Error ? error.message : String(error) });
}
process.exit();
