import { constant } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { tensor } from "../../engine/tensor/tensor.js";

/** Rows of equal length. */
export type Matrix = readonly (readonly number[])[];

export function identity(size: number): Matrix {
  return Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)));
}

export function transposed(a: Matrix): Matrix {
  return (a[0] as readonly number[]).map((_, j) => a.map((row) => row[j] as number));
}

/** The product of all, from the left. */
export function product(first: Matrix, ...rest: readonly Matrix[]): Matrix {
  return rest.reduce((a, b) => {
    const columns = transposed(b);
    return a.map((row) => columns.map((column) => row.reduce((sum, x, k) => sum + x * (column[k] as number), 0)));
  }, first);
}

export function plus(a: Matrix, b: Matrix): Matrix {
  return a.map((row, i) => row.map((x, j) => x + (b[i]?.[j] as number)));
}

/** As a constant of a graph, float32 [1, rows, columns]. */
export function matrixConstant(a: Matrix): Value {
  return constant(tensor(Float32Array.from(a.flat()), [1, a.length, (a[0] as readonly number[]).length]));
}
