import { DiffusionForcingError } from "../errors.js";
import { allocate, type DType, dtypeOf, type TypedArrayOf } from "./dtype.js";
import { checkShape, formatShape, type Shape, sizeOf } from "./shape.js";

/** A tensor in host memory: plain data, row-major. */
export interface HostTensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: TypedArrayOf[D];
}

/** A tensor in a device's memory, owned by whoever received it: dispose it when done. */
export interface DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly device: string;
  /** Copies the elements to the host. */
  read(): Promise<HostTensor>;
  dispose(): void;
}

export type Tensor = HostTensor | DeviceTensor;

/** Named tensors: a model's parameters, an optimiser's moments, a checkpoint's content. */
export type TensorRecord = Readonly<Record<string, Tensor>>;
export type HostTensorRecord = Readonly<Record<string, HostTensor>>;

export function isHostTensor(tensor: Tensor): tensor is HostTensor {
  return "data" in tensor;
}

/** The tensor's elements on the host; a host tensor is returned as it is. */
export async function readTensor(tensor: Tensor): Promise<HostTensor> {
  return isHostTensor(tensor) ? tensor : tensor.read();
}

/** Frees a device tensor; does nothing for a host tensor. */
export function disposeTensor(tensor: Tensor): void {
  if (!isHostTensor(tensor)) tensor.dispose();
}

/**
 * A host tensor over `data` (not copied): float32 for a `Float32Array` or plain numbers, int32 for an
 * `Int32Array`, bool for a `Uint8Array`. The shape defaults to one axis.
 *
 * @throws `shape-mismatch` if the shape does not hold exactly the elements of `data`.
 */
export function tensor(data: Float32Array | readonly number[], shape?: Shape): HostTensor<"float32">;
export function tensor(data: Int32Array, shape?: Shape): HostTensor<"int32">;
export function tensor(data: Uint8Array, shape?: Shape): HostTensor<"bool">;
export function tensor(
  data: Float32Array | Int32Array | Uint8Array | readonly number[],
  shape: Shape = [data.length],
): HostTensor {
  const array = Array.isArray(data) ? Float32Array.from(data) : (data as Float32Array | Int32Array | Uint8Array);
  const dtype = dtypeOf(array);
  if (dtype === undefined) {
    throw new DiffusionForcingError(
      "dtype-mismatch",
      "tensor: expected a Float32Array, Int32Array, Uint8Array or an array of numbers.",
    );
  }
  checkShape(shape, "tensor");
  if (sizeOf(shape) !== array.length) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `tensor: ${array.length} elements do not fill shape ${formatShape(shape)}, which holds ${sizeOf(shape)}.`,
    );
  }
  return { dtype, shape: [...shape], data: array } as HostTensor;
}

/** A zero-filled host tensor. */
export function zeros<D extends DType>(dtype: D, shape: Shape): HostTensor<D> {
  checkShape(shape, "zeros");
  return { dtype, shape: [...shape], data: allocate(dtype, sizeOf(shape)) };
}
