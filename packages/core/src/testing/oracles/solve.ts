import { add, concat, constant, div, log, mul, slice, sub } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { tensor } from "../../engine/tensor/tensor.js";

/**
 * Positive definite systems in a graph, by Gauss-Jordan elimination without exchanges: some ten nodes a row.
 *
 * @param matrix float32 [B, N, N].
 * @param right float32 [B, N, M].
 * @returns matrix^-1 right [B, N, M], and log det matrix [B, 1, 1].
 */
export function solve(matrix: Value, right: Value): { readonly solution: Value; readonly logDeterminant: Value } {
  const size = matrix.shape[1] as number;
  let rest = concat([matrix, right], 2); // [B, N, N + M]
  const pivots: Value[] = [];
  for (let k = 0; k < size; k++) {
    const row = slice(rest, 1, k, k + 1); // [B, 1, N + M]
    const column = slice(rest, 2, k, k + 1); // [B, N, 1]
    const pivot = slice(row, 2, k, k + 1); // [B, 1, 1]
    const isRow = constant(
      tensor(
        Float32Array.from({ length: size }, (_, i) => (i === k ? 1 : 0)),
        [1, size, 1],
      ),
    );
    rest = sub(rest, mul(sub(column, isRow), div(row, pivot)));
    pivots.push(pivot);
  }
  const logDeterminant = pivots.map(log).reduce((total, value) => add(total, value));
  return { solution: slice(rest, 2, size, rest.shape[2] as number), logDeterminant };
}
