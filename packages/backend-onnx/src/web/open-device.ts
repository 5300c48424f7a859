import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { Device } from "../device/device.js";
import { DeviceLoss } from "../device/device-loss.js";
import { messageOf } from "../device/failure.js";
import { downloadingReader, openProbe } from "../run/device-reader.js";
import type { RuntimeSession, SessionOptions } from "../run/runtime.js";
import { type GpuAdapter, requestAdapter, requestDevice } from "./gpu.js";
import { type LoadedRuntime, type LoadOptions, loadRuntime } from "./load-runtime.js";

/** The devices of onnxruntime-web, fastest first. */
export const devices = ["webgpu", "wasm"] as const;

export type OnnxWebDevice = (typeof devices)[number];

export interface DeviceOptions extends LoadOptions {
  /** Overrides what this package chooses. */
  readonly sessionOptions: SessionOptions;
}

const common: SessionOptions = { graphOptimizationLevel: "all", logSeverityLevel: 4 };

export async function openWasm(options: DeviceOptions): Promise<Device> {
  const { runtime, turns } = await loadRuntime("wasm", options);
  const chosen = { ...common, executionProviders: ["wasm"] };
  const probe = await openOrExplain("wasm", { runtime, turns }, chosen);
  return {
    name: "wasm",
    runtime,
    turns,
    version: runtime.env.versions.web ?? "unknown",
    target: "wasm",
    sessionOptions: { ...chosen, ...options.sessionOptions },
    outputs: "returned",
    close: () => probe.release(),
  };
}

export async function openWebGpu(options: DeviceOptions, adapter?: GpuAdapter): Promise<Device> {
  const gpuDevice = await requestDevice(adapter ?? (await requestAdapter()));
  const loss = new DeviceLoss(gpuDevice.lost.then(({ message, reason }) => message || reason || "unknown"));
  // Threads would only serve what falls back to the CPU, which nothing does.
  const { runtime, turns } = await loadRuntime("webgpu", { ...options, threads: options.threads ?? 1 });
  const chosen = { ...common, executionProviders: [{ name: "webgpu", device: gpuDevice }] };
  const probe = await openOrExplain("webgpu", { runtime, turns }, chosen);
  return {
    name: "webgpu",
    runtime,
    turns,
    version: runtime.env.versions.web ?? "unknown",
    target: "webgpu",
    sessionOptions: { ...chosen, ...options.sessionOptions },
    outputs: "device",
    reader: downloadingReader,
    loss,
    close: async () => {
      await probe.release();
      gpuDevice.destroy();
    },
  };
}

/** @throws `backend-unavailable` if not even the smallest session opens: mostly, the .wasm file was not found. */
async function openOrExplain(
  name: OnnxWebDevice,
  { runtime, turns }: Pick<LoadedRuntime, "runtime" | "turns">,
  options: SessionOptions,
): Promise<RuntimeSession> {
  return turns
    .take(() => openProbe(runtime, options))
    .catch((cause: unknown) => {
      throw new DiffusionForcingError(
        "backend-unavailable",
        `onnxBackend: device "${name}" cannot be used: ${messageOf(cause)}. If a .wasm file was not found, copy it from onnxruntime-web/dist beside the bundle, or pass wasmPaths; a content security policy needs 'wasm-unsafe-eval'.`,
        { cause },
      );
    });
}
