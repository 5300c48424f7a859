import type { Device } from "../device/device.js";
import { downloadingReader } from "../device/device-reader.js";
import { DeviceWriter } from "../device/device-writer.js";
import { loadWebRuntime } from "../device/load-web-runtime.js";
import { DeviceLoss } from "../device/loss.js";
import { commonWebOptions, openFirstSession } from "../device/open-wasm.js";
import type { OnnxBackendOptions } from "../device/options.js";
import { webgpuExtra } from "../device/webgpu-options.js";
import { type GpuAdapter, requestAdapter, requestDevice } from "./gpu.js";
import { importRuntime } from "./import-runtime.js";

/** A browser's WebGPU. @throws `missing-dependency`, `backend-unavailable` */
export async function openWebGpu(options: OnnxBackendOptions, adapter?: GpuAdapter): Promise<Device> {
  const gpuDevice = await requestDevice(adapter ?? (await requestAdapter()));
  const loss = new DeviceLoss(gpuDevice.lost.then(({ message, reason }) => message || reason || "unknown"));
  // Threads would only serve what falls back to the CPU, which nothing does.
  const loaded = await loadWebRuntime("webgpu", { ...options, threads: options.threads ?? 1 }, importRuntime.webgpu);
  const chosen = {
    ...commonWebOptions,
    executionProviders: [{ name: "webgpu", device: gpuDevice }],
    extra: webgpuExtra,
  };
  const probe = await openFirstSession("webgpu", loaded, chosen);
  const { runtime, turns } = loaded;
  return {
    name: "webgpu",
    runtime,
    turns,
    version: runtime.env.versions.web ?? "unknown",
    target: "webgpu",
    sessionOptions: { ...chosen, ...options.sessionOptions },
    outputs: "device",
    reader: downloadingReader,
    writer: new DeviceWriter(runtime, chosen),
    loss,
    close: async () => {
      await probe.release();
      gpuDevice.destroy();
    },
  };
}
