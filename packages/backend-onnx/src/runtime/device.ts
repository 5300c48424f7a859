import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { TargetName } from "../lowering/target.js";
import type { DeviceReader } from "./device-reader.js";
import type { Runtime, SessionOptions } from "./runtime.js";
import type { Turns } from "./turns.js";

/** A device that a runtime drives, as the node and the browser entry set it up. */
export interface Device {
  /** "cpu", "cuda", "webgpu", "wasm". */
  readonly name: string;
  readonly runtime: Runtime;
  readonly version: string;
  readonly target: TargetName;
  readonly sessionOptions: SessionOptions;
  /**
   * "preallocated": the session writes results into arrays of ours (native, on the cpu). "returned": it makes its own
   * arrays. "device": results stay in GPU buffers, but for scalars, which come back to the host with the run itself.
   */
  readonly outputs: "preallocated" | "returned" | "device";
  /** Every call into the runtime takes a turn. */
  readonly turns: Turns;
  /** Reads GPU buffers; present if outputs stay on the device. */
  readonly reader?: DeviceReader;
  /** Where a device can be lost: why it was, once it was, and a promise that settles when it is. */
  readonly loss?: { readonly reason: () => string | undefined; readonly happened: Promise<void> };
  /** Frees what the entry set up, after the last session. */
  readonly close?: () => Promise<void>;
}

/** @throws `backend-failure` if the device is lost. */
export function checkDevice({ name, loss }: Device): void {
  const reason = loss?.reason();
  if (reason !== undefined) {
    throw new DiffusionForcingError(
      "backend-failure",
      `onnx (${name}): the GPU device is lost: ${reason}. Its tensors are gone; create another backend and go on from the last state on the host.`,
    );
  }
}

/** What the runtime says, unless the device is lost first: it may then never answer. */
export function untilLost<T>(device: Device, work: Promise<T>): Promise<T> {
  if (device.loss === undefined) return work;
  const lost = device.loss.happened.then(() => {
    checkDevice(device);
    return work;
  });
  return Promise.race([work, lost]);
}
