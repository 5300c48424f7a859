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

const constructors: { [D in DType]: new (length: number) => TypedArrayOf[D] } = {
  float32: Float32Array,
  int32: Int32Array,
  bool: Uint8Array,
};

/** A zero-filled typed array of `length` elements of `dtype`. */
export function allocate<D extends DType>(dtype: D, length: number): TypedArrayOf[D] {
  return new constructors[dtype](length);
}

/** The dtype that a typed array holds, or undefined for array types the project does not use. */
export function dtypeOf(data: unknown): DType | undefined {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint8Array) return "bool";
  return undefined;
}
