import { DiffusionForcingError } from "../errors.js";
import type { ArrayData, ArrayTensor } from "./array.js";

function checkIndices(op: string, indices: ArrayData, size: number): void {
  for (const index of indices) {
    if (index < 0 || index >= size) {
      throw new DiffusionForcingError("invalid-argument", `${op}: index ${index} is not in 0..${size - 1}.`);
    }
  }
}

/** @throws `invalid-argument` for an index outside the table. */
export function gather(table: ArrayTensor, indices: ArrayTensor, out: ArrayData): void {
  const rows = table.shape[0] as number;
  checkIndices("gather", indices.data, rows);
  const width = table.data.length / rows;
  indices.data.forEach((row, at) => {
    out.set(table.data.subarray(row * width, (row + 1) * width), at * width);
  });
}

/** @throws `invalid-argument` for an index outside 0..size-1. */
export function scatterAdd(updates: ArrayTensor, indices: ArrayTensor, size: number, out: ArrayData): void {
  checkIndices("scatterAdd", indices.data, size);
  const width = out.length / size;
  const totals = new Float64Array(out.length);
  indices.data.forEach((row, at) => {
    for (let i = 0; i < width; i++) totals[row * width + i]! += updates.data[at * width + i]!;
  });
  out.set(totals);
}
