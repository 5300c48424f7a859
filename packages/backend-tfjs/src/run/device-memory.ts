import { DiffusionForcingError, type HostTensor } from "@diffusion-forcing/core";
import { allocate, type DType, type Shape, sizeOf } from "@diffusion-forcing/core/graph";
import { traits } from "../compile/traits.js";
import type { NativeTensor } from "../device/runtime.js";
import type { Session } from "../device/session.js";
import { backendFailure, checkDevice, disposedError } from "./failure.js";
import { TfjsTensor } from "./tfjs-tensor.js";

/** The tensors of one backend on its engine: made here, read here, and all freed when the backend is disposed. */
export class DeviceMemory {
  readonly session: Session;
  readonly #live = new Set<TfjsTensor>();
  #closed = false;

  constructor(session: Session) {
    this.session = session;
  }

  /** Uploads a host tensor, which the caller may change afterwards. */
  upload({ data, shape, dtype }: HostTensor): NativeTensor {
    const { native } = this.session.kernels;
    const values = traits[this.session.engine].sharesArrays ? data.slice() : data;
    return { dataId: native.write(values, [...shape], dtype), shape: [...shape], dtype };
  }

  /** A device tensor that owns a reference to `native`. */
  own(native: NativeTensor, dtype: DType): TfjsTensor {
    const tensor = new TfjsTensor(this, native, dtype);
    this.#live.add(tensor);
    return tensor;
  }

  /** Frees a tensor's reference; does nothing the second time. */
  release(tensor: TfjsTensor, native: NativeTensor): void {
    if (this.#live.delete(tensor)) this.session.kernels.dispose(native);
  }

  isLive(tensor: TfjsTensor): boolean {
    return this.#live.has(tensor);
  }

  /** Copies elements to the host. */
  async read(native: NativeTensor, dtype: DType, shape: Shape): Promise<HostTensor> {
    if (this.#closed) throw disposedError("read: this tensor's backend", "Read tensors before you dispose it.");
    const { session } = this;
    checkDevice(session);
    try {
      const values = await session.kernels.native.read(native.dataId);
      checkDevice(session);
      return { dtype, shape, data: this.#ownArray(values, dtype, sizeOf(shape)) } as HostTensor;
    } catch (cause) {
      throw backendFailure(session, "reading a tensor", cause);
    }
  }

  /** Elements in the project's array type for the dtype, in an array that nobody else keeps. */
  #ownArray(values: ArrayLike<number>, dtype: DType, length: number): HostTensor["data"] {
    if (values.length !== length) {
      throw new DiffusionForcingError("backend-failure", `TensorFlow.js gave ${values.length} elements of ${length}.`);
    }
    const empty = allocate(dtype, 0);
    const fits = values.constructor === empty.constructor;
    if (fits && !traits[this.session.engine].sharesArrays) return values as HostTensor["data"];
    const own = allocate(dtype, length);
    own.set(values);
    return own;
  }

  /** Frees every tensor still held, and the session. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const tensor of [...this.#live]) tensor.dispose();
    this.session.close();
  }
}
