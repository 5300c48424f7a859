import { describe } from "../describe.js";
import { DiffusionForcingError } from "../errors.js";
import { typedArrayName } from "../typed-array-name.js";
import { allocate, type DType, dtypeOf, ownedArray, type TensorData, type TypedArrayOf } from "./dtype.js";
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

/** A host tensor with memory of its own. */
export function copyTensor<T extends HostTensor>(tensor: T): T {
  return { ...tensor, data: tensor.data.slice() };
}

/** As {@link readTensor}, in memory that nobody else uses: for whoever may write into it or send it away. */
export async function readCopy(tensor: Tensor): Promise<HostTensor> {
  return isHostTensor(tensor) ? copyTensor(tensor) : tensor.read();
}

/** Frees a device tensor; does nothing for a host tensor. */
export function disposeTensor(tensor: Tensor): void {
  if (!isHostTensor(tensor)) tensor.dispose();
}

/**
 * A host tensor: float32 for a `Float32Array` or plain numbers, int32 for an `Int32Array`, bool for a `Uint8Array` of
 * zeros and ones. The shape defaults to one axis. The tensor looks into the memory of `data`, except shared memory, which
 * is copied: another thread could write to it in the middle of a computation.
 *
 * @throws `dtype-mismatch` for other data, `shape-mismatch` if the shape does not hold exactly the elements of `data`,
 *   `invalid-data` for elements that are no numbers, or no zeros and ones in a bool tensor.
 */
export function tensor(data: Float32Array | readonly number[], shape?: Shape): HostTensor<"float32">;
export function tensor(data: Int32Array, shape?: Shape): HostTensor<"int32">;
export function tensor(data: Uint8Array, shape?: Shape): HostTensor<"bool">;
export function tensor(data: TensorData | readonly number[], shape?: Shape): HostTensor {
  const array = Array.isArray(data) ? fromNumbers(data) : (data as TensorData);
  const dtype = dtypeOf(array);
  if (dtype === undefined) {
    throw new DiffusionForcingError(
      "dtype-mismatch",
      `tensor: the data are ${describe(data)}; expected a Float32Array, Int32Array, Uint8Array or an array of numbers.`,
    );
  }
  const size = shape ?? [array.length];
  checkShape(size, "tensor", 0);
  return checkHostTensor("tensor: it", { dtype, shape: [...size], data: array });
}

function fromNumbers(data: readonly unknown[]): Float32Array {
  const bad = data.findIndex((element) => typeof element !== "number");
  if (bad < 0) return Float32Array.from(data as readonly number[]);
  throw new DiffusionForcingError(
    "invalid-data",
    `tensor: element ${bad} is ${describe(data[bad])}; expected numbers in one flat array, and the sizes in the shape.`,
  );
}

/** A zero-filled host tensor. */
export function zeros<D extends DType>(dtype: D, shape: Shape): HostTensor<D> {
  checkShape(shape, "zeros", 0);
  return { dtype, shape: [...shape], data: allocate(dtype, sizeOf(shape)) };
}

/**
 * The check of a tensor wherever one comes in from outside: its dtype is known, its shape is legal, and its data are the
 * dtype's typed array, of any realm, of as many elements as the shape holds. Finiteness is not checked.
 *
 * @param what names the value, as the message begins: `The batch's tokens`.
 * @returns `value` itself, or a tensor over {@link ownedArray} of its data where engines could not take those.
 * @throws `invalid-argument` for what is no tensor, `dtype-mismatch`, `shape-mismatch`, `invalid-data` for a bool tensor
 *   that holds more than zeros and ones.
 */
export function checkHostTensor(what: string, value: unknown): HostTensor {
  const { dtype, shape, data } = (typeof value === "object" && value !== null ? value : {}) as Partial<HostTensor>;
  if (dtype === undefined || shape === undefined || data === undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${what} is ${describe(value)}; expected a tensor { dtype, shape, data }. Make one with tensor(data, shape).`,
    );
  }
  checkType(what, dtype, shape);
  const elements = checkData(what, { dtype, shape, data });
  return elements === data ? (value as HostTensor) : ({ dtype, shape, data: elements } as HostTensor);
}

/** As {@link checkHostTensor}, and all its numbers finite. @throws `invalid-data` naming the first that is not. */
export function checkFinite(what: string, value: unknown): HostTensor {
  const checked = checkHostTensor(what, value);
  const { data } = checked;
  // A loop, as weights have millions of numbers.
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    throw new DiffusionForcingError(
      "invalid-data",
      `${what} holds ${data[i]} at element ${i}; expected finite numbers.`,
    );
  }
  return checked;
}

/** As {@link checkHostTensor}, for a tensor on the host or on a device. */
export function checkTensor(what: string, value: unknown): Tensor {
  const { dtype, shape, read, dispose } = (
    typeof value === "object" && value !== null ? value : {}
  ) as Partial<DeviceTensor>;
  if (typeof read !== "function" || typeof dispose !== "function") return checkHostTensor(what, value);
  checkType(what, dtype, shape);
  return value as DeviceTensor;
}

/** Each tensor of a record checked by {@link checkHostTensor}: `what` "the weights" names `the weights' "layer.bias"`. */
export function checkHostTensors(what: string, record: unknown): HostTensorRecord {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new DiffusionForcingError("invalid-argument", `${what} are ${describe(record)}; expected tensors by name.`);
  }
  const entries = Object.entries(record);
  const checked = entries.map(([name, value]) => [name, checkHostTensor(`${what}: "${name}"`, value)] as const);
  const same = checked.every(([, tensor], index) => tensor === entries[index]?.[1]);
  return same ? (record as HostTensorRecord) : Object.fromEntries(checked);
}

const dtypes: readonly unknown[] = ["float32", "int32", "bool"] satisfies readonly DType[];

function checkType(what: string, dtype: unknown, shape: unknown): void {
  if (!dtypes.includes(dtype)) {
    throw new DiffusionForcingError(
      "dtype-mismatch",
      `${what} has the dtype ${describe(dtype)}; expected "float32", "int32" or "bool".`,
    );
  }
  checkShape(shape, what, 0);
}

function checkData(what: string, { dtype, shape, data }: HostTensor): TensorData {
  const found = dtypeOf(data);
  const type = `${dtype}${formatShape(shape)}`;
  if (found !== dtype) {
    const wanted = `${typedArrayName(allocate(dtype, 0))}`;
    const advice = lostInJson(data)
      ? " A tensor does not survive JSON: save it with encodeSafetensors(), a training state with encodeTrainingState()."
      : "";
    throw new DiffusionForcingError(
      "dtype-mismatch",
      `${what} is ${type}, but its data are ${describe(data)}; expected ${/^[AEIOU]/.test(wanted) ? "an" : "a"} ${wanted}.${advice}`,
    );
  }
  if (data.length !== sizeOf(shape)) {
    const isDetached = data.length === 0 && data.buffer.byteLength === 0;
    const advice = isDetached ? " Its memory was transferred to another thread: send a copy instead." : "";
    throw new DiffusionForcingError(
      "shape-mismatch",
      `${what} is ${type}, which holds ${sizeOf(shape)} elements, but its data have ${data.length}.${advice}`,
    );
  }
  if (dtype === "bool") {
    const bad = (data as Uint8Array).findIndex((element) => element > 1);
    if (bad >= 0) {
      throw new DiffusionForcingError(
        "invalid-data",
        `${what} is ${type}, but element ${bad} is ${data[bad]}; expected 0 or 1.`,
      );
    }
  }
  return ownedArray(dtype, data);
}

/** JSON writes a typed array as an object with the keys "0", "1", ... */
function lostInJson(data: unknown): boolean {
  if (typeof data !== "object" || data === null || dtypeOf(data) !== undefined) return false;
  return Array.isArray(data) || "0" in data || Object.keys(data).length === 0;
}
