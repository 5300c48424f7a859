/** The devices that tests run on, and which of them this run was told to cover. */

export interface TestDevice {
  readonly name: string;
  /** The package that has this device's conformance file, `NAME.conformance.test.ts`. */
  readonly package: "core" | "backend-onnx" | "backend-tfjs";
  /** The name that the package's provider opens it by. */
  readonly device: string;
  /** Where the tests run. */
  readonly host: "node" | "chromium";
  /** Whether the device is WebGPU in Node, which needs a Vulkan driver on Linux. */
  readonly vulkan?: true;
}

export const testDevices: readonly TestDevice[] = [
  { name: "reference", package: "core", device: "cpu", host: "node" },
  { name: "onnx-node-cpu", package: "backend-onnx", device: "cpu", host: "node" },
  { name: "onnx-node-webgpu", package: "backend-onnx", device: "webgpu", host: "node", vulkan: true },
  { name: "tfjs-node-cpu", package: "backend-tfjs", device: "cpu", host: "node" },
  { name: "tfjs-node-wasm", package: "backend-tfjs", device: "wasm", host: "node" },
  { name: "tfjs-node-webgpu", package: "backend-tfjs", device: "webgpu", host: "node", vulkan: true },
  { name: "onnx-web-wasm", package: "backend-onnx", device: "wasm", host: "chromium" },
  { name: "onnx-web-webgpu", package: "backend-onnx", device: "webgpu", host: "chromium" },
  { name: "tfjs-wasm", package: "backend-tfjs", device: "wasm", host: "chromium" },
  { name: "tfjs-webgpu", package: "backend-tfjs", device: "webgpu", host: "chromium" },
];

/** Name of the project of tests that need a browser but no device of it. */
export const chromiumProject = "chromium";

/**
 * The devices a run has to cover, from `DFORCE_DEVICES`: "all" or names with commas between them. Without it, nothing
 * is promised: what is there runs.
 *
 * @throws Error for a name that no device has.
 */
export function declaredDevices(text: string | undefined): readonly string[] | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const known = testDevices.map(({ name }) => name);
  if (text.trim() === "all") return known;
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    if (!known.includes(name)) {
      throw new Error(`DFORCE_DEVICES: there is no device "${name}"; expected "all" or some of ${known.join(", ")}.`);
    }
  }
  return names;
}
