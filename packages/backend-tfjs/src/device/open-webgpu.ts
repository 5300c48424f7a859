import { DiffusionForcingError } from "@diffusion-forcing/core";
import { Kernels } from "../compile/kernels.js";
import type { Gpu, GpuAdapter, GpuDevice } from "./gpu.js";
import { exportsOf, messageOf } from "./import-optional.js";
import type { NativeBackend, TfjsCore } from "./runtime.js";
import type { Session } from "./session.js";

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
 * Kernels in WGSL. Each session has a device and a native backend of its own.
 *
 * @param device called with the device, for tests of losing it.
 * @throws `backend-unavailable` without an adapter.
 */
export async function openWebGpu(core: object, webgpu: object, platform: WebGpuPlatform): Promise<Session> {
  const tfjs = exportsOf<TfjsCore>(core, "getKernel");
  const { WebGPUBackend } = exportsOf<WebGpuModule>(webgpu, "WebGPUBackend");
  const adapter = await requestAdapter(platform);
  const requiredLimits = Object.fromEntries(
    raisedLimits.flatMap((name) => {
      const limit = adapter.limits[name];
      return limit === undefined ? [] : [[name, limit] as const];
    }),
  );
  const device = await adapter.requestDevice({ requiredLimits });
  const native = platform.withNavigator(() => new WebGPUBackend(device, adapter.info));
  // Small tensors would be computed in JavaScript: the numbers are to come from the device that was asked for.
  native.shouldExecuteOnCPU = () => false;
  return new WebGpuSession(tfjs, native, device);
}

async function requestAdapter({ gpu, advice }: WebGpuPlatform): Promise<GpuAdapter> {
  let cause: unknown;
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).catch((error: unknown) => {
    cause = error;
    return null;
  });
  if (adapter !== null) return adapter;
  const reason = cause === undefined ? "" : ` (${messageOf(cause)})`;
  throw new DiffusionForcingError(
    "backend-unavailable",
    `tfjsBackend: WebGPU has no adapter here${reason}. ${advice}`,
    {
      cause,
    },
  );
}

const errorFilters = ["validation", "out-of-memory", "internal"] as const;

class WebGpuSession implements Session {
  readonly engine = "webgpu";
  readonly version: string;
  readonly kernels: Kernels;
  readonly device: GpuDevice;
  readonly #native: WebGpuNative;
  #failure: Error | undefined;
  #closed = false;
  /** Settles when the device has done what was submitted before. */
  #earlier: Promise<unknown> = Promise.resolve();

  constructor(tfjs: TfjsCore, native: WebGpuNative, device: GpuDevice) {
    this.version = tfjs.version_core;
    this.kernels = new Kernels(tfjs, "webgpu", native);
    this.device = device;
    this.#native = native;
    void device.lost.then(({ message }) => {
      if (!this.#closed) this.#failure ??= new Error(message === "" ? "The WebGPU device was lost." : message);
    });
  }

  failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * WebGPU reports errors later and elsewhere, so each burst runs within error scopes: a failed run is told from the
   * others. Afterwards the device is at most one run behind: work does not pile up.
   */
  async compute<T>(burst: () => T): Promise<T> {
    const { device } = this;
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
    const error = await this.device.popErrorScope().catch(() => null);
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
    this.device.destroy();
  }
}
