import type { TestDevice } from "../test-devices/devices.js";

/**
 * How many pieces of data the WebAssembly engine of TensorFlow.js holds. Its other engines are each session's own and
 * cannot be asked from outside; backend-tfjs tests that they hold on to nothing.
 */
export async function countTensors({ package: owner, device }: TestDevice): Promise<() => number | undefined> {
  if (owner !== "backend-tfjs" || device !== "wasm") return () => undefined;
  const { engine } = await import("@tensorflow/tfjs-core");
  const { registry } = engine() as unknown as { registry: Record<string, { numDataIds(): number }> };
  return () => registry.wasm?.numDataIds();
}
