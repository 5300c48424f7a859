import { allocate as allocateHost, type DType, type TensorData } from "../tensor/dtype.js";
import { type Shape, sizeOf } from "../tensor/shape.js";

/** What float32 values are held in: rounded after every op, or kept as doubles for finite differences. */
export type Precision = "float32" | "float64";

/** Elements of a tensor during evaluation: dtype "float32" may be held in doubles. */
export type ArrayData = TensorData | Float64Array;

/** A host tensor whose float32 elements may be held in doubles. */
export interface ArrayTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: ArrayData;
}

/** Zeros for `shape`. Storing into the array rounds to its element type: no kernel rounds by itself. */
export function allocate(dtype: DType, shape: Shape, precision: Precision): ArrayData {
  const length = sizeOf(shape);
  return dtype === "float32" && precision === "float64" ? new Float64Array(length) : allocateHost(dtype, length);
}

/**
 * `start + index . strides` for every index of `shape` in row-major order: where each element lies in an array
 * with those strides. Stride 0 repeats (broadcasting) or collects (reductions).
 */
export function positions(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  let result = Int32Array.of(start);
  shape.forEach((size, axis) => {
    const stride = strides[axis] as number;
    const finer = new Int32Array(result.length * size);
    let next = 0;
    for (let i = 0; i < result.length; i++) {
      for (let step = 0; step < size; step++) finer[next++] = result[i]! + step * stride;
    }
    result = finer;
  });
  return result;
}
