import type { Device, TfjsDevice } from "../device/device.js";
import { openCpu } from "../device/open-cpu.js";
import { type Openers, openDevice } from "../device/open-device.js";
import { openWasm, type WasmPaths } from "../device/open-wasm.js";
import { openNative } from "./open-native.js";
import { openNodeWebGpu } from "./open-node-webgpu.js";
import { wasmFolder } from "./wasm-folder.js";

/** The devices of TensorFlow.js in Node, fastest first. */
export const devices: readonly TfjsDevice[] = ["node-gpu", "webgpu", "node", "wasm", "cpu"];

/** In Node nothing tells a GPU from a driver that computes on the CPU, so WebGPU is taken only if asked for. */
const automatic: readonly TfjsDevice[] = ["node-gpu", "node", "wasm", "cpu"];

export function openNodeDevice(device: TfjsDevice | "auto", wasmPaths: WasmPaths | undefined): Promise<Device> {
  const openers: Openers = {
    "node-gpu": () => openNative("node-gpu"),
    webgpu: openNodeWebGpu,
    node: () => openNative("node"),
    wasm: () => openWasm({ wasmPaths, usualPaths: wasmFolder }),
    cpu: openCpu,
  };
  return openDevice(device, openers, automatic);
}
