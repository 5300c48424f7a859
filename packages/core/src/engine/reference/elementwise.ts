import type { BinaryOp } from "../graph/ops/binary.js";
import type { UnaryOp } from "../graph/ops/unary.js";
import { broadcastStrides, type Shape, shapesEqual } from "../tensor/shape.js";
import { type ArrayData, type ArrayTensor, positions } from "./array.js";
import { erf } from "./erf.js";

const unaryFunctions: { readonly [K in UnaryOp]: (x: number) => number } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  erf,
  floor: Math.floor,
  relu: (x) => (x < 0 ? 0 : x),
  heaviside: (x) => (x > 0 ? 1 : 0),
  not: (x) => 1 - x,
};

const binaryFunctions: { readonly [K in BinaryOp]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => (a === b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
};

export function unary(op: UnaryOp, x: ArrayTensor, out: ArrayData): void {
  const f = unaryFunctions[op];
  const { data } = x;
  for (let i = 0; i < out.length; i++) out[i] = f(data[i]!);
}

/** `a` and `b` broadcast to `shape`, the shape of `out`. */
export function binary(op: BinaryOp, a: ArrayTensor, b: ArrayTensor, shape: Shape, out: ArrayData): void {
  // A product of doubles loses the low bits that int32 arithmetic, which wraps around, keeps.
  const f = op === "mul" && a.dtype === "int32" ? Math.imul : binaryFunctions[op];
  const x = broadcastTo(a, shape);
  const y = broadcastTo(b, shape);
  for (let i = 0; i < out.length; i++) out[i] = f(x[i]!, y[i]!);
}

/** `condition ? a : b`, all three broadcast to `shape`. */
export function where(operands: readonly ArrayTensor[], shape: Shape, out: ArrayData): void {
  const [condition, a, b] = operands.map((operand) => broadcastTo(operand, shape)) as [ArrayData, ArrayData, ArrayData];
  for (let i = 0; i < out.length; i++) out[i] = condition[i] !== 0 ? a[i]! : b[i]!;
}

/** float32 -> int32 truncates toward zero; anything -> bool is "not zero". */
export function cast(x: ArrayTensor, to: ArrayTensor["dtype"], out: ArrayData): void {
  const { data } = x;
  for (let i = 0; i < out.length; i++) {
    const value = data[i]!;
    out[i] = to === "bool" ? Number(value !== 0) : to === "int32" ? Math.trunc(value) : value;
  }
}

/** The elements of `x` repeated to fill `shape`; the elements themselves if nothing repeats. */
export function broadcastTo(x: ArrayTensor, shape: Shape): ArrayData {
  const { data } = x;
  if (shapesEqual(x.shape, shape)) return data;
  const from = positions(shape, broadcastStrides(x.shape, shape));
  const repeated = new (data.constructor as new (length: number) => ArrayData)(from.length);
  for (let i = 0; i < from.length; i++) repeated[i] = data[from[i]!]!;
  return repeated;
}
