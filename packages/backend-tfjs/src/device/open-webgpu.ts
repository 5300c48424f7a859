import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { Device } from "./device.js";
import { messageOf } from "./failure.js";
import type { Gpu, GpuAdapter, GpuDevice } from "./gpu.js";
import { Kernels } from "./kernels.js";
import { exportsOf } from "./loading.js";
import type { NativeBackend, TfjsCore } from "./runtime.js";

interface WebGpuNative extends NativeBackend {
  shouldExecuteOnCPU: () => boolean;
  readonly commandEncoder: object | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

interface WebGpuModule {
  readonly WebGPUBackend: new (device: GpuDevice, info: object | undefined) => WebGpuNative;
}

/** What the two platforms differ in. */
export interface WebGpuPlatform {
  readonly gpu: Gpu;
  /** Runs `body` while `navigator.gpu` is there, which TensorFlow.js looks for. */
  withNavigator<T>(body: () => T): T;
  /** What a person without an adapter has to do. */
  readonly advice: string;
}

/** Limits worth raising to what the adapter has: large tensors and workgroups. */
const raisedLimits = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
];

/**
 * Kernels in WGSL. Each backend has a device and a native backend of its own.
 *
 * @throws `backend-unavailable` without an adapter.
 */
export async function openWebGpu(core: object, webgpu: object, platform: WebGpuPlatform): Promise<Device> {
  const tfjs = exportsOf<TfjsCore>(core, "getKernel");
  const { WebGPUBackend } = exportsOf<WebGpuModule>(webgpu, "WebGPUBackend");
  const adapter = await requestAdapter(platform);
  const requiredLimits = Object.fromEntries(
    raisedLimits.flatMap((name) => {
      const limit = adapter.limits[name];
      return limit === undefined ? [] : [[name, limit] as const];
    }),
  );
  const device = await adapter.requestDevice({ requiredLimits }).catch((cause: unknown) => {
    throw unavailable(`the WebGPU adapter gives no device: ${messageOf(cause)}`, platform.advice, cause);
  });
  const native = platform.withNavigator(() => new WebGPUBackend(device, adapter.info));
  // Small tensors would be computed in JavaScript: the numbers are to come from the device that was asked for.
  native.shouldExecuteOnCPU = () => false;
  return new WebGpuDevice(tfjs, native, device);
}

async function requestAdapter({ gpu, advice }: WebGpuPlatform): Promise<GpuAdapter> {
  let cause: unknown;
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).catch((error: unknown) => {
    cause = error;
    return null;
  });
  if (adapter !== null) return adapter;
  const reason = cause === undefined ? "" : ` (${messageOf(cause)})`;
  throw unavailable(`WebGPU has no adapter here${reason}`, advice, cause);
}

function unavailable(what: string, advice: string, cause: unknown): DiffusionForcingError {
  return new DiffusionForcingError("backend-unavailable", `tfjsBackend: ${what}. ${advice}`, { cause });
}

const errorFilters = ["validation", "out-of-memory", "internal"] as const;

class WebGpuDevice implements Device {
  readonly name = "webgpu";
  readonly version: string;
  readonly kernels: Kernels;
  /** For tests of losing it. */
  readonly gpuDevice: GpuDevice;
  readonly #native: WebGpuNative;
  #lost: string | undefined;
  #closed = false;
  /** Settles when the device has done what was submitted before. */
  #earlier: Promise<unknown> = Promise.resolve();

  constructor(tfjs: TfjsCore, native: WebGpuNative, device: GpuDevice) {
    this.version = tfjs.version_core;
    this.kernels = new Kernels(tfjs, "webgpu", native);
    this.gpuDevice = device;
    this.#native = native;
    void device.lost.then(({ message }) => {
      if (!this.#closed) this.#lost = message || "the browser or the driver does not say why.";
    });
  }

  lost(): string | undefined {
    return this.#lost;
  }

  /**
   * WebGPU reports errors later and elsewhere, so each burst runs within error scopes: a failed run is told from the
   * others. Afterwards the device is at most one run behind: work does not pile up.
   */
  async compute<T>(burst: () => T): Promise<T> {
    const { gpuDevice: device } = this;
    for (const filter of errorFilters) device.pushErrorScope(filter);
    let result: T;
    let scopes: Promise<unknown>[] = [];
    try {
      result = burst();
      this.#submit();
    } finally {
      scopes = errorFilters.map(() => this.#popErrorScope());
    }
    const earlier = this.#earlier;
    // A device that is lost meanwhile rejects; its next use reports that.
    this.#earlier = device.queue.onSubmittedWorkDone().catch(() => {});
    await Promise.all([...scopes, earlier]);
    return result;
  }

  async #popErrorScope(): Promise<void> {
    const error = await this.gpuDevice.popErrorScope().catch(() => null);
    if (error !== null) throw new Error(error.message);
  }

  #submit(): void {
    if (this.#native.commandEncoder === null) return;
    this.#native.endComputePassEncoder();
    this.#native.submitQueue();
  }

  close(): void {
    this.#closed = true;
    this.#native.dispose();
    this.gpuDevice.destroy();
  }
}
