/** Measures one device and sends the result to its parent; a process of its own, since native libraries may abort. */

import { loadProvider } from "../test-devices/load-provider.js";
import { measure } from "./measure.js";

const [provider, device] = process.argv.slice(2) as [string, string];
const send = (message: unknown): Promise<void> =>
  new Promise((resolve) => {
    process.send?.(message, () => resolve());
  });

try {
  const backend = await (await loadProvider(provider)).open(device);
  await send({ measured: await measure(backend, (progress) => void send({ progress })) });
} catch (error) {
  await send({ reason: error instanceof Error ? error.message : String(error) });
}
process.exit();
