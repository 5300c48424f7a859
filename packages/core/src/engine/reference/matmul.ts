import type { OpAttributes } from "../graph/value.js";
import { broadcastStrides, type Shape, sizeOf } from "../tensor/shape.js";
import { type ArrayData, type ArrayTensor, positions } from "./array.js";

/** Matrix number `index` of `x` as doubles, row-major, transposed if asked. */
function matrixAt(x: ArrayTensor, index: number, transposed: boolean): Float64Array {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const size = rows * columns;
  const matrix = Float64Array.from(x.data.subarray(index * size, (index + 1) * size));
  if (!transposed) return matrix;
  const result = new Float64Array(size);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = matrix[i * columns + j]!;
  }
  return result;
}

/** For every matrix of the result, the number of the operand's matrix that it is made from. */
function batchPositions(x: ArrayTensor, batch: Shape): Int32Array {
  return positions(batch, broadcastStrides(x.shape.slice(0, -2), batch));
}

/** Products added up in doubles, each result rounded once. */
export function matmul(
  a: ArrayTensor,
  b: ArrayTensor,
  { transposeA, transposeB }: OpAttributes["matmul"],
  shape: Shape,
  out: ArrayData,
): void {
  const batch = shape.slice(0, -2);
  const [rows, columns] = shape.slice(-2) as [number, number];
  const inner = a.shape[a.shape.length - (transposeA ? 2 : 1)] as number;
  const leftOf = batchPositions(a, batch);
  const rightOf = batchPositions(b, batch);
  for (let index = 0; index < sizeOf(batch); index++) {
    const left = matrixAt(a, leftOf[index]!, transposeA);
    const right = matrixAt(b, rightOf[index]!, transposeB);
    const product = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k < inner; k++) {
        const factor = left[i * inner + k]!;
        for (let j = 0; j < columns; j++) product[i * columns + j]! += factor * right[k * columns + j]!;
      }
    }
    out.set(product, index * rows * columns);
  }
}
