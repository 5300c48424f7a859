import { DiffusionForcingError, type HostTensor } from "@diffusion-forcing/core";
import type { DeviceTensor } from "@diffusion-forcing/core/backend";
import { allocate, type DType, type Shape, sizeOf, type TensorType } from "@diffusion-forcing/core/graph";
import { traits } from "../compile/traits.js";
import { checkDevice, type Device } from "../device/device.js";
import { backendFailure, disposedError } from "../device/failure.js";
import type { NativeTensor } from "../device/runtime.js";

/** The tensors of one backend on its device: made here, read here, and all freed when the backend is disposed. */
export class DeviceMemory {
  readonly device: Device;
  readonly #live = new Set<TfjsDeviceTensor>();
  #closed = false;

  constructor(device: Device) {
    this.device = device;
  }

  /** Uploads a host tensor, which the caller may change afterwards. */
  upload({ data, shape, dtype }: HostTensor): NativeTensor {
    const { native } = this.device.kernels;
    const values = traits[this.device.name].sharesArrays ? data.slice() : data;
    return { dataId: native.write(values, [...shape], dtype), shape: [...shape], dtype };
  }

  /** A device tensor that owns a reference to `native`. */
  adopt(native: NativeTensor, type: TensorType): TfjsDeviceTensor {
    const tensor = new TfjsDeviceTensor(this, native, type, () => {
      this.#live.delete(tensor);
      this.device.kernels.dispose(native);
    });
    this.#live.add(tensor);
    return tensor;
  }

  /** Copies elements to the host. */
  async read(native: NativeTensor, { dtype, shape }: TensorType): Promise<HostTensor> {
    const { device } = this;
    checkDevice(device);
    try {
      const values = await device.kernels.native.read(native.dataId);
      this.#checkOpen();
      checkDevice(device);
      return { dtype, shape, data: this.#ownArray(values, dtype, sizeOf(shape)) } as HostTensor;
    } catch (cause) {
      this.#checkOpen();
      checkDevice(device);
      throw backendFailure("reading a tensor", device.name, cause);
    }
  }

  /** Frees every tensor still held, and the device. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const tensor of [...this.#live]) tensor.dispose();
    this.device.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw disposedError("read: this tensor's backend", "Read tensors before you dispose it.");
  }

  /** Elements in the project's array type for the dtype, in an array that nobody else keeps. */
  #ownArray(values: ArrayLike<number>, dtype: DType, length: number): HostTensor["data"] {
    if (values.length !== length) {
      throw new DiffusionForcingError("backend-failure", `TensorFlow.js gave ${values.length} elements of ${length}.`);
    }
    const empty = allocate(dtype, 0);
    const fits = values.constructor === empty.constructor;
    if (fits && !traits[this.device.name].sharesArrays) return values as HostTensor["data"];
    const own = allocate(dtype, length);
    own.set(values);
    return own;
  }
}

/** A tensor in an engine's memory. Its elements never change. */
export class TfjsDeviceTensor implements DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly device: string;
  readonly memory: DeviceMemory;
  #native: NativeTensor | undefined;
  readonly #onDispose: () => void;

  constructor(memory: DeviceMemory, native: NativeTensor, { dtype, shape }: TensorType, onDispose: () => void) {
    this.dtype = dtype;
    this.shape = shape;
    this.device = `tfjs/${memory.device.name}`;
    this.memory = memory;
    this.#native = native;
    this.#onDispose = onDispose;
  }

  /** The engine's tensor. @throws `disposed` */
  native(doing: string): NativeTensor {
    if (this.#native !== undefined) return this.#native;
    throw disposedError(`${doing}: this device tensor`, "Keep it until its last use.");
  }

  /** @throws `disposed`, `backend-failure`. */
  async read(): Promise<HostTensor> {
    return this.memory.read(this.native("read"), this);
  }

  dispose(): void {
    if (this.#native === undefined) return;
    this.#native = undefined;
    this.#onDispose();
  }
}
