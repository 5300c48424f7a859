import type { Device } from "../device/device.js";
import { openCpu } from "../device/open-cpu.js";
import { openDevice } from "../device/open-device.js";
import { openWasm, type WasmPaths } from "../device/open-wasm.js";
import { openWebWebGpu } from "./open-web-webgpu.js";

/** The devices of TensorFlow.js in browsers, fastest first. */
export const devices = ["webgpu", "wasm", "cpu"] as const;

export type TfjsWebDevice = (typeof devices)[number];

export function openWebDevice(device: TfjsWebDevice | "auto", wasmPaths: WasmPaths | undefined): Promise<Device> {
  const wasm = (): Promise<Device> => openWasm({ wasmPaths, usualPaths: () => undefined });
  return openDevice(device, { webgpu: openWebWebGpu, wasm, cpu: openCpu }, devices);
}
