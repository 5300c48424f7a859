import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { Kernels } from "./kernels.js";

/** The engines of TensorFlow.js that a backend can run on; "node-gpu" is CUDA through TensorFlow's native library. */
export type TfjsDevice = "node-gpu" | "node" | "webgpu" | "wasm" | "cpu";

/** An engine that is open: its native backend, reached through its kernels, and what has to be done around runs. */
export interface Device {
  readonly name: TfjsDevice;
  /** Of TensorFlow.js. */
  readonly version: string;
  readonly kernels: Kernels;
  /** Why the device is gone, if it is. */
  lost(): string | undefined;
  /**
   * Computes: runs `burst`, which calls kernels synchronously, and hands the device what they queued. Waits until the
   * device accepted it, and while it lags behind.
   *
   * @throws what the device reports about it.
   */
  compute<T>(burst: () => T): Promise<T>;
  /** Frees what is this device's own. */
  close(): void;
}

/** @throws `backend-failure` if the device is lost. */
export function checkDevice(device: Device): void {
  const reason = device.lost();
  if (reason === undefined) return;
  throw new DiffusionForcingError(
    "backend-failure",
    `tfjs (${device.name}): the GPU device is lost: ${reason} Its tensors are gone; create another backend and go on from the last state on the host.`,
  );
}
