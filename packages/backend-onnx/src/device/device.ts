import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { TargetName } from "../compile/target.js";
import type { DeviceReader } from "./device-reader.js";
import type { DeviceWriter } from "./device-writer.js";
import type { DeviceLoss } from "./loss.js";
import type { Runtime, SessionOptions } from "./runtime.js";
import type { Turns } from "./turns.js";
import type { HandOver } from "./weights-apart.js";

/** A device that a runtime drives, as the node and the browser entry set it up. */
export interface Device {
  /** "cpu", "cuda", "webgpu", "wasm". */
  readonly name: string;
  readonly runtime: Runtime;
  readonly version: string;
  readonly target: TargetName;
  readonly sessionOptions: SessionOptions;
  /** What to add to the options for as long as it is the answer (one of a few objects); results do not depend on it. */
  readonly variant?: () => SessionOptions;
  /**
   * "preallocated": the session writes results into arrays of ours (native, on the cpu). "returned": it makes its own
   * arrays. "device": results stay in GPU buffers, but for scalars, which come back to the host with the run itself.
   */
  readonly outputs: "preallocated" | "returned" | "device";
  /** The runtime copies results once more after writing them into arrays of ours. */
  readonly copiesResults?: boolean;
  /** Every call into the runtime takes a turn. */
  readonly turns: Turns;
  /** Channels in a block of the runtime's own layout for convolutions, where it has one. */
  readonly channelBlock?: () => Promise<number | undefined>;
  /**
   * Present where a run reads its inputs where they lie, without a copy: options of a large model's session that reads its
   * weights so.
   */
  readonly inPlace?: SessionOptions;
  /** Present where sessions get the tensors of a large model beside it. */
  readonly handOver?: HandOver;
  /** Reads GPU buffers; present if outputs stay on the device. */
  readonly reader?: DeviceReader;
  /** Fills GPU buffers; present if outputs stay on the device. */
  readonly writer?: DeviceWriter;
  /** Present where a device can be lost. */
  readonly loss?: DeviceLoss;
  /** Frees what the entry set up, after the last session. */
  readonly close?: () => Promise<void>;
}

/** @throws `backend-failure` if the device is lost. */
export function checkDevice({ name, loss }: Device): void {
  const reason = loss?.reason;
  if (reason !== undefined) {
    throw new DiffusionForcingError(
      "backend-failure",
      `onnx (${name}): the GPU device is lost: ${reason}. Its tensors are gone; create another backend and go on from the last state on the host.`,
    );
  }
}

/** How long a runtime gets to end a call on a device that it has just lost, in milliseconds. */
const graceAfterLoss = 3000;

/**
 * What the runtime says, or, where the device is lost meanwhile, that it is. The runtime's own call is waited for in
 * either case, since WebAssembly that is entered anew in the middle of a call is corrupted, other devices' sessions
 * included. A call that does not end closes the turns: nothing may enter that runtime any more.
 */
export function untilLost<T>(device: Device, work: Promise<T>): Promise<T> {
  const { loss } = device;
  if (loss === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const stop = loss.listen(() => afterLoss(device, work).then(resolve, reject));
    work.then(resolve, reject).finally(stop);
  });
}

async function afterLoss<T>(device: Device, work: Promise<T>): Promise<T> {
  const ended = await endsWithin(graceAfterLoss, work);
  if (!ended) device.turns.close(`a call on the lost device ${device.name} never ended`);
  checkDevice(device);
  return work;
}

async function endsWithin(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const settled = work.then(
    () => true,
    () => true,
  );
  const ended = await Promise.race([settled, late]);
  clearTimeout(timer);
  return ended;
}
