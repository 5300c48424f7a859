import { stridesOf } from "../tensor/shape.js";
import { type ArrayData, type ArrayTensor, positions } from "./array.js";

/** For every element of `x`, the element of the reduced tensor that it goes into. */
function targets(x: ArrayTensor, axes: readonly number[]): Int32Array {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const strides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  return positions(x.shape, strides);
}

/** Added up in doubles, rounded once. int32 wraps around. */
export function sum(x: ArrayTensor, axes: readonly number[], out: ArrayData): void {
  const to = targets(x, axes);
  const { data } = x;
  const totals = new Float64Array(out.length);
  for (let i = 0; i < to.length; i++) totals[to[i]!]! += data[i]!;
  out.set(totals);
}

export function max(x: ArrayTensor, axes: readonly number[], out: ArrayData): void {
  const to = targets(x, axes);
  const { data } = x;
  const largest = new Float64Array(out.length).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < to.length; i++) largest[to[i]!] = Math.max(largest[to[i]!]!, data[i]!);
  out.set(largest);
}
