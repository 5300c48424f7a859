import { availableParallelism } from "node:os";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { Device } from "../device/device.js";
import { CopyingReader } from "../device/device-reader.js";
import { DeviceWriter } from "../device/device-writer.js";
import { messageOf } from "../device/failure.js";
import { openProbe } from "../device/identity-sessions.js";
import type { OnnxBackendOptions } from "../device/options.js";
import { Turns } from "../device/turns.js";
import { withOptions } from "../device/weights-apart.js";
import { findChannelBlock } from "./channel-block.js";
import { checkCudaFiles } from "./cuda.js";
import { FreeCores } from "./free-cores.js";
import type { NodeRuntime } from "./load-runtime.js";
import { cpuExtra, cpuSessionOptions, gpuSessionOptions, withoutArena } from "./session-options.js";
import { writeWeights } from "./weight-files.js";

/** The devices of onnxruntime-node, fastest first. */
export const nativeDevices = ["cuda", "webgpu", "cpu"] as const;

export type NativeDevice = (typeof nativeDevices)[number];

/** @throws `backend-unavailable` if the device is not there. */
export async function openNative(
  name: NativeDevice,
  runtime: NodeRuntime,
  options: OnnxBackendOptions,
  coresFor: (threads: number) => FreeCores = (threads) => new FreeCores(threads),
): Promise<Device> {
  const version = runtime.env.versions.node ?? "unknown";
  const common = { name, runtime, version, target: name, turns: new Turns() };
  if (name === "cpu") {
    const sessions = cpuSessions(options, coresFor);
    const large = options.sessionOptions?.enableCpuMemArena === undefined ? withoutArena : {};
    let block: Promise<number | undefined> | undefined;
    const channelBlock = (): Promise<number | undefined> => {
      block ??= findChannelBlock(runtime, sessions.sessionOptions);
      return block;
    };
    return {
      ...common,
      ...sessions,
      outputs: "preallocated",
      copiesResults: true,
      channelBlock,
      inPlace: large,
      handOver: async (tensors) => {
        const handed = await writeWeights(tensors);
        return handed && { ...handed, options: withOptions(large, handed.options) };
      },
    };
  }
  const chosen = gpuSessionOptions(name);
  const sessionOptions = { ...chosen, ...options.sessionOptions };
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
  if (name === "cuda") return { ...common, sessionOptions, outputs: "preallocated", close };
  return {
    ...common,
    sessionOptions,
    outputs: "device",
    reader: new CopyingReader(runtime, chosen),
    writer: new DeviceWriter(runtime, chosen),
    close,
  };
}

/** Threads spin while their cores are free, unless the caller decides. */
function cpuSessions(
  { threads = availableParallelism(), spinning, sessionOptions = {} }: OnnxBackendOptions,
  coresFor: (threads: number) => FreeCores,
): Pick<Device, "sessionOptions" | "variant"> {
  const options = { ...cpuSessionOptions(threads), ...sessionOptions };
  if (sessionOptions.extra !== undefined) return { sessionOptions: options };
  if (spinning !== undefined) return { sessionOptions: { ...options, extra: cpuExtra(spinning) } };
  const cores = coresFor(threads);
  const variants = { spinning: { extra: cpuExtra(true) }, sleeping: { extra: cpuExtra(false) } };
  return { sessionOptions: options, variant: () => (cores.suffice() ? variants.spinning : variants.sleeping) };
}

const advice = {
  cuda: 'It needs an NVIDIA driver, CUDA 12 and cuDNN 9, their libraries on LD_LIBRARY_PATH. Devices "webgpu" and "cpu" do without.',
  webgpu:
    'It needs a GPU driver: on Linux a Vulkan driver and the loader (libvulkan1); VK_DRIVER_FILES names a driver explicitly. Device "cpu" always works.',
};

/** A build that lacks the provider would silently run on the CPU. */
function checkBuild(name: NativeDevice, runtime: NodeRuntime): void {
  const built = runtime.listSupportedBackends().map((backend) => backend.name);
  if (built.includes(name)) return;
  throw new DiffusionForcingError(
    "backend-unavailable",
    `onnxBackend: this platform's onnxruntime-node (${process.platform}-${process.arch}) has no ${name}; it has ${built.join(", ")}.`,
  );
}
