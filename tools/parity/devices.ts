/** The devices of the parity table. */
export interface ParityDevice {
  readonly name: string;
  readonly host: "node" | "chromium";
  /** What is opened: a provider's name, and its device. */
  readonly provider: "onnx" | "tfjs";
  readonly device: string;
}

const inNode = (name: string, provider: "onnx" | "tfjs", device: string): ParityDevice => ({
  name,
  host: "node",
  provider,
  device,
});
const inChromium = (name: string, provider: "onnx" | "tfjs", device: string): ParityDevice => ({
  ...inNode(name, provider, device),
  host: "chromium",
});

/** Names are those of the test projects, where there is one. */
export const parityDevices: readonly ParityDevice[] = [
  inNode("onnx-node-cpu", "onnx", "cpu"),
  inNode("onnx-node-webgpu", "onnx", "webgpu"),
  inNode("onnx-node-cuda", "onnx", "cuda"),
  inNode("tfjs-node-cpu", "tfjs", "cpu"),
  inNode("tfjs-node-wasm", "tfjs", "wasm"),
  inNode("tfjs-node-webgpu", "tfjs", "webgpu"),
  inNode("tfjs-node-native", "tfjs", "node"),
  inNode("tfjs-node-gpu", "tfjs", "node-gpu"),
  inChromium("onnx-web-wasm", "onnx", "wasm"),
  inChromium("onnx-web-webgpu", "onnx", "webgpu"),
  inChromium("tfjs-wasm", "tfjs", "wasm"),
  inChromium("tfjs-webgpu", "tfjs", "webgpu"),
];

/** @throws RangeError for a name that no device has. */
export function parseDevices(text: string): readonly ParityDevice[] {
  if (text === "all") return parityDevices;
  return text.split(",").map((name) => {
    const found = parityDevices.find((device) => device.name === name.trim());
    if (found !== undefined) return found;
    const known = parityDevices.map((device) => device.name).join(", ");
    throw new RangeError(`--devices: there is no device "${name}"; expected all or some of ${known}.`);
  });
}
