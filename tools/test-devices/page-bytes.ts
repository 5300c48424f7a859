/// <reference lib="dom" />
import { wasmBytes, watchWasmMemories } from "./wasm-memories.js";

watchWasmMemories();

declare global {
  interface Performance {
    measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }>;
  }
}

/**
 * What a page holds after collecting garbage, the memory of WebAssembly instances that were made after
 * this module was loaded included; for `testBackend`, in Chromium. The page has to be isolated, and Chromium started with {@link memoryArguments}.
 */
export async function pageBytes(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("Memory is measured in a Chromium started with --expose-gc only.");
  // What was dropped in one turn can keep more alive until the next.
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return (await performance.measureUserAgentSpecificMemory()).bytes + wasmBytes();
}
