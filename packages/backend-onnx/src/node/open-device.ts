import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { Device } from "../device/device.js";
import { messageOf } from "../device/failure.js";
import { CopyingReader, openProbe } from "../run/device-reader.js";
import type { SessionOptions } from "../run/runtime.js";
import { Turns } from "../run/turns.js";
import { checkCudaFiles } from "./cuda.js";
import type { NodeRuntime } from "./load-runtime.js";
import { cpuSessionOptions, gpuSessionOptions } from "./session-options.js";

/** The devices of onnxruntime-node, fastest first. */
export const devices = ["cuda", "webgpu", "cpu"] as const;

export type OnnxDevice = (typeof devices)[number];

export interface DeviceOptions {
  readonly threads: number | undefined;
  /** Overrides what this package chooses. */
  readonly sessionOptions: SessionOptions;
}

/** @throws `backend-unavailable` if the device is not there. */
export async function openDevice(name: OnnxDevice, runtime: NodeRuntime, options: DeviceOptions): Promise<Device> {
  const chosen = name === "cpu" ? cpuSessionOptions(options.threads) : gpuSessionOptions(name);
  const sessionOptions = { ...chosen, ...options.sessionOptions };
  const version = runtime.env.versions.node ?? "unknown";
  const common = { name, runtime, version, target: name, sessionOptions, turns: new Turns() };
  if (name === "cpu") return { ...common, outputs: "preallocated" };
  checkBuild(name, runtime);
  if (name === "cuda") checkCudaFiles(`${process.platform}-${process.arch}`);
  const probe = await openProbe(runtime, chosen).catch((cause: unknown) => {
    throw new DiffusionForcingError(
      "backend-unavailable",
      `onnxBackend: device "${name}" cannot be used: ${messageOf(cause).trim()} ${advice[name]}`,
      { cause },
    );
  });
  // The native binding keeps results on the device for WebGPU only; CUDA's come back to the host.
  const close = (): Promise<void> => probe.release();
  if (name === "cuda") return { ...common, outputs: "preallocated", close };
  return { ...common, outputs: "device", reader: new CopyingReader(runtime, chosen), close };
}

const advice = {
  cuda: 'It needs an NVIDIA driver, CUDA 12 and cuDNN 9, their libraries on LD_LIBRARY_PATH. Devices "webgpu" and "cpu" do without.',
  webgpu:
    'It needs a GPU driver: on Linux a Vulkan driver and the loader (libvulkan1); VK_DRIVER_FILES names a driver explicitly. Device "cpu" always works.',
};

/** A build that lacks the provider would silently run on the CPU. */
function checkBuild(name: OnnxDevice, runtime: NodeRuntime): void {
  const built = runtime.listSupportedBackends().map((backend) => backend.name);
  if (built.includes(name)) return;
  throw new DiffusionForcingError(
    "backend-unavailable",
    `onnxBackend: this platform's onnxruntime-node (${process.platform}-${process.arch}) has no ${name}; it has ${built.join(", ")}.`,
  );
}
