import { setImmediate } from "node:timers/promises";

/** What the process holds after collecting garbage; for `testBackend`, in the Node projects of devices. */
export async function residentBytes(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("Memory is measured in processes started with --expose-gc only.");
  // Native memory is freed by finalizers, which run some turns after the collection that found it unused.
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await setImmediate();
  }
  return process.memoryUsage().rss;
}
