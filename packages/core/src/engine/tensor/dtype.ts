import { DiffusionForcingError } from "../errors.js";
import { typedArrayName } from "../typed-array-name.js";

/**
 * Element types. `bool` is stored one byte per element, 0 or 1. `int32` has all of its 32 bits on every backend, and
 * sums, differences, products and negations wrap around.
 */
export type DType = "float32" | "int32" | "bool";

/** The typed array that holds each dtype on the host. */
export interface TypedArrayOf {
  float32: Float32Array;
  int32: Int32Array;
  bool: Uint8Array;
}

export type TensorData = TypedArrayOf[DType];

type Constructor<D extends DType> = {
  new (length: number): TypedArrayOf[D];
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArrayOf[D];
  readonly prototype: TypedArrayOf[D];
};

const constructors: { readonly [D in DType]: Constructor<D> } = {
  float32: Float32Array,
  int32: Int32Array,
  bool: Uint8Array,
};

/** What typed arrays of every engine can hold. */
const MOST_ELEMENTS = 2 ** 31;

/**
 * A zero-filled typed array of `length` elements of `dtype`.
 *
 * @throws `invalid-argument` where none can be so large, or no memory is left for it
 */
export function allocate<D extends DType>(dtype: D, length: number): TypedArrayOf[D] {
  const refuse = (why: string, cause?: unknown): DiffusionForcingError =>
    new DiffusionForcingError(
      "invalid-argument",
      `A tensor of ${length} elements ${why}. Use fewer sequences, or shorter ones.`,
      cause === undefined ? {} : { cause },
    );
  if (!(length <= MOST_ELEMENTS)) throw refuse(`is too large; expected at most ${MOST_ELEMENTS}`);
  try {
    return new constructors[dtype](length);
  } catch (cause) {
    throw refuse("finds no memory", cause);
  }
}

const dtypes: Readonly<Record<string, DType>> = { Float32Array: "float32", Int32Array: "int32", Uint8Array: "bool" };

/** The dtype that a typed array of any realm holds, or undefined for array types the project does not use. */
export function dtypeOf(data: unknown): DType | undefined {
  const name = typedArrayName(data);
  return name === undefined ? undefined : dtypes[name];
}

/**
 * The elements as engines take them: a plain typed array of this realm over memory that no other thread writes. It is
 * `data` itself where that is one already, a view of the same memory for an array of another realm or a subclass, and a
 * copy of shared memory.
 */
export function ownedArray<D extends DType>(dtype: D, data: TypedArrayOf[D]): TypedArrayOf[D] {
  const typedArray: Constructor<D> = constructors[dtype];
  if (Object.prototype.toString.call(data.buffer) === "[object SharedArrayBuffer]") {
    const copy = allocate(dtype, data.length);
    copy.set(data as never);
    return copy;
  }
  if (Object.getPrototypeOf(data) === typedArray.prototype) return data;
  return new typedArray(data.buffer, data.byteOffset, data.length);
}
