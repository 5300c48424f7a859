import { DiffusionForcingError } from "@diffusion-forcing/core";
import { messageOf } from "../device/failure.js";

/** What this package uses of WebGPU. */
export interface Gpu {
  requestAdapter(options?: { powerPreference?: string }): Promise<GpuAdapter | null>;
}

export interface GpuAdapter {
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number | undefined>>;
  readonly info?: { readonly isFallbackAdapter?: boolean };
  requestDevice(descriptor: { requiredFeatures: string[]; requiredLimits: Record<string, number> }): Promise<GpuDevice>;
}

export interface GpuDevice {
  readonly lost: Promise<{ readonly reason?: string; readonly message: string }>;
  destroy(): void;
}

/** Taken as far as the adapter goes: large tensors and workgroups need more than a device has by default. */
const raisedLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
];
const usefulFeatures = ["shader-f16", "subgroups"];

/** The browser's WebGPU, if it has one: in pages and in workers. */
export function browserGpu(): Gpu | undefined {
  return (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu;
}

/** The fastest adapter. @throws `backend-unavailable` */
export async function requestAdapter(gpu: Gpu | undefined = browserGpu()): Promise<GpuAdapter> {
  if (gpu === undefined) {
    throw unavailable("this browser has no WebGPU, or the page is not served over https or from localhost");
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw unavailable("the browser has WebGPU but finds no GPU it supports, or blocks this one");
  return adapter;
}

/** A device of its own for a backend, so that losing or disposing one touches no other. @throws `backend-unavailable` */
export async function requestDevice(adapter: GpuAdapter): Promise<GpuDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const name of raisedLimits) {
    const limit = adapter.limits[name];
    if (limit !== undefined) requiredLimits[name] = limit;
  }
  const requiredFeatures = usefulFeatures.filter((feature) => adapter.features.has(feature));
  try {
    return await adapter.requestDevice({ requiredFeatures, requiredLimits });
  } catch (cause) {
    throw unavailable(`the GPU gives no device (${messageOf(cause)})`, cause);
  }
}

function unavailable(reason: string, cause?: unknown): DiffusionForcingError {
  return new DiffusionForcingError(
    "backend-unavailable",
    `onnxBackend: device "webgpu" cannot be used: ${reason}. Device "wasm" works in every browser.`,
    { cause },
  );
}
