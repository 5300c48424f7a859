import type { TestDevice } from "../test-devices/devices.js";

/** How many tensors TensorFlow.js holds, for devices that are its own. */
export async function countTensors({ package: owner }: TestDevice): Promise<() => number | undefined> {
  if (owner !== "backend-tfjs") return () => undefined;
  const { memory } = await import("@tensorflow/tfjs-core");
  return () => memory().numTensors;
}
