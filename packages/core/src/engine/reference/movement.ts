import type { OpAttributes } from "../graph/value.js";
import { type Shape, stridesOf } from "../tensor/shape.js";
import { type ArrayData, type ArrayTensor, positions } from "./array.js";

/** out[i] = x at the i-th position. */
function read(x: ArrayTensor, from: Int32Array, out: ArrayData): void {
  const { data } = x;
  for (let i = 0; i < out.length; i++) out[i] = data[from[i]!]!;
}

/** out at the i-th position = x[i]. */
function write(x: ArrayTensor, to: Int32Array, out: ArrayData): void {
  const { data } = x;
  for (let i = 0; i < data.length; i++) out[to[i]!] = data[i]!;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((total, factor, i) => total + factor * (b[i] as number), 0);
}

export function transpose(x: ArrayTensor, permutation: readonly number[], shape: Shape, out: ArrayData): void {
  const strides = stridesOf(x.shape);
  const permuted = permutation.map((axis) => strides[axis] as number);
  read(x, positions(shape, permuted), out);
}

export function slice(x: ArrayTensor, attributes: OpAttributes["slice"], shape: Shape, out: ArrayData): void {
  const own = stridesOf(x.shape);
  const stepped = own.map((stride, axis) => stride * (attributes.strides[axis] as number));
  read(x, positions(shape, stepped, dot(attributes.starts, own)), out);
}

export function pad(x: ArrayTensor, attributes: OpAttributes["pad"], shape: Shape, out: ArrayData): void {
  const strides = stridesOf(shape);
  out.fill(attributes.value);
  write(x, positions(x.shape, strides, dot(attributes.low, strides)), out);
}

export function concat(parts: readonly ArrayTensor[], axis: number, shape: Shape, out: ArrayData): void {
  const strides = stridesOf(shape);
  let start = 0;
  for (const part of parts) {
    write(part, positions(part.shape, strides, start * (strides[axis] as number)), out);
    start += part.shape[axis] as number;
  }
}
