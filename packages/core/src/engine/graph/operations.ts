import * as v from "valibot";
import { check } from "../check.js";
import { DiffusionForcingError } from "../errors.js";
import type { DType } from "../tensor/dtype.js";
import { normalizeAxis, type Shape, shapesEqual, sizeOf } from "../tensor/shape.js";
import { checkHostTensor, type HostTensor } from "../tensor/tensor.js";
import { emit } from "./emit.js";
import type { BinaryOp } from "./ops/binary.js";
import { scalar } from "./ops/helpers.js";
import type { UnaryOp } from "./ops/unary.js";
import type { Value } from "./value.js";

/** A traced value, or a number that becomes a scalar constant of the other operand's dtype. */
export type Operand = Value | number;

function unary(op: UnaryOp): (x: Value) => Value {
  return (x) => emit(op, [x], {});
}

function lift(x: Operand, dtype: DType): Value {
  return typeof x === "number" ? scalar(emit, x, dtype) : x;
}

function binary(op: BinaryOp): (a: Operand, b: Operand) => Value {
  return (a, b) => {
    const dtype = typeof a !== "number" ? a.dtype : typeof b !== "number" ? b.dtype : "float32";
    return emit(op, [lift(a, dtype), lift(b, dtype)], {});
  };
}

export const neg: (x: Value) => Value = unary("neg");
export const abs: (x: Value) => Value = unary("abs");
export const sign: (x: Value) => Value = unary("sign");
export const exp: (x: Value) => Value = unary("exp");
export const log: (x: Value) => Value = unary("log");
export const sqrt: (x: Value) => Value = unary("sqrt");
export const sin: (x: Value) => Value = unary("sin");
export const cos: (x: Value) => Value = unary("cos");
export const tanh: (x: Value) => Value = unary("tanh");
export const sigmoid: (x: Value) => Value = unary("sigmoid");
export const erf: (x: Value) => Value = unary("erf");
export const floor: (x: Value) => Value = unary("floor");
export const relu: (x: Value) => Value = unary("relu");
export const heaviside: (x: Value) => Value = unary("heaviside");
export const not: (x: Value) => Value = unary("not");

export const add: (a: Operand, b: Operand) => Value = binary("add");
export const sub: (a: Operand, b: Operand) => Value = binary("sub");
export const mul: (a: Operand, b: Operand) => Value = binary("mul");
export const div: (a: Operand, b: Operand) => Value = binary("div");
export const maximum: (a: Operand, b: Operand) => Value = binary("maximum");
export const minimum: (a: Operand, b: Operand) => Value = binary("minimum");
export const equal: (a: Operand, b: Operand) => Value = binary("equal");
export const less: (a: Operand, b: Operand) => Value = binary("less");
export const lessEqual: (a: Operand, b: Operand) => Value = binary("lessEqual");
export const and: (a: Operand, b: Operand) => Value = binary("and");
export const or: (a: Operand, b: Operand) => Value = binary("or");

/** x limited to low..high. */
export function clamp(x: Value, low: number, high: number): Value {
  return minimum(maximum(x, low), high);
}

export function square(x: Value): Value {
  return mul(x, x);
}

/** `a` where `condition` (bool) holds, else `b`; all three broadcast. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  const dtype = typeof a !== "number" ? a.dtype : typeof b !== "number" ? b.dtype : "float32";
  return emit("where", [condition, lift(a, dtype), lift(b, dtype)], {});
}

export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : emit("cast", [x], { dtype });
}

/** The identity, through which no gradient passes. */
export function stopGradient(x: Value): Value {
  return emit("stopGradient", [x], {});
}

/** A host tensor as a constant of the graph. */
export function constant(value: HostTensor | number): Value {
  if (typeof value === "number") return scalar(emit, value);
  const { data, shape } = checkHostTensor("constant: it", value);
  return emit("constant", [], { data, shape });
}

function reductionAxes(x: Value, axes: number | readonly number[] | undefined, what: string): number[] {
  if (axes === undefined) return x.shape.map((_, axis) => axis);
  const list = typeof axes === "number" ? [axes] : axes;
  return list.map((axis) => normalizeAxis(axis, x.shape.length, what)).sort((a, b) => a - b);
}

/** Sum over the axes given (default: all). */
export function sum(x: Value, axes?: number | readonly number[], keepDims = false): Value {
  const normalized = reductionAxes(x, axes, "sum");
  return normalized.length === 0 ? x : emit("sum", [x], { axes: normalized, keepDims });
}

/** Largest element over the axes given (default: all). */
export function max(x: Value, axes?: number | readonly number[], keepDims = false): Value {
  const normalized = reductionAxes(x, axes, "max");
  return normalized.length === 0 ? x : emit("max", [x], { axes: normalized, keepDims });
}

/** Mean over the axes given (default: all). */
export function mean(x: Value, axes?: number | readonly number[], keepDims = false): Value {
  const normalized = reductionAxes(x, axes, "mean");
  const count = sizeOf(normalized.map((axis) => x.shape[axis] as number));
  return mul(sum(x, normalized, keepDims), 1 / count);
}

/** The same elements in another shape; one size may be -1 and is then inferred. */
export function reshape(x: Value, shape: Shape): Value {
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const full = shape.map((size) => (size === -1 ? sizeOf(x.shape) / known : size));
  return shapesEqual(full, x.shape) ? x : emit("reshape", [x], { shape: full });
}

/** Axis i of the result is axis permutation[i] of x. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  return emit("transpose", [x], {
    permutation: permutation.map((axis) => normalizeAxis(axis, x.shape.length, "transpose")),
  });
}

export function broadcastTo(x: Value, shape: Shape): Value {
  return shapesEqual(x.shape, shape) ? x : emit("broadcast", [x], { shape });
}

/** Elements start..end-1 (every stride-th) along one axis. */
export function slice(x: Value, axis: number, start: number, end: number, stride = 1): Value {
  const at = normalizeAxis(axis, x.shape.length, "slice");
  return emit("slice", [x], {
    starts: x.shape.map((_, i) => (i === at ? start : 0)),
    ends: x.shape.map((size, i) => (i === at ? end : size)),
    strides: x.shape.map((_, i) => (i === at ? stride : 1)),
  });
}

/** `low` elements of `value` before and `high` after, along one axis. */
export function pad(x: Value, axis: number, low: number, high: number, value = 0): Value {
  const at = normalizeAxis(axis, x.shape.length, "pad");
  const along = (amount: number) => x.shape.map((_, i) => (i === at ? amount : 0));
  return emit("pad", [x], { low: along(low), high: along(high), value });
}

export function concat(parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  if (first === undefined) throw new DiffusionForcingError("invalid-argument", "concat: needs at least one operand.");
  return parts.length === 1
    ? first
    : emit("concat", parts, { axis: normalizeAxis(axis, first.shape.length, "concat") });
}

/** Rows of `table` [N, ...rest] at int32 `indices` [...at], 0..N-1: [...at, ...rest]. */
export function gather(table: Value, indices: Value): Value {
  return emit("gather", [table, indices], {});
}

/** Adds `updates` [...at, ...rest] into zeros [size, ...rest] at int32 `indices` [...at], 0..size-1. */
export function scatterAdd(updates: Value, indices: Value, size: number): Value {
  return emit("scatterAdd", [updates, indices], { size });
}

const flag = v.optional(v.boolean("true or false"), false);
const matmulSchema = v.strictObject({ transposeA: flag, transposeB: flag });

/** Matrix product over the last two axes; leading axes broadcast. */
export function matmul(a: Value, b: Value, options: { transposeA?: boolean; transposeB?: boolean } = {}): Value {
  const { transposeA, transposeB } = check("matmul", matmulSchema, options);
  return emit("matmul", [a, b], { transposeA, transposeB });
}

/** Softmax along the last axis. */
export function softmax(x: Value): Value {
  return emit("softmax", [x], {});
}

/** Layer normalisation (Ba et al. 2016) of the last axis: x [..., C], scale [C], bias [C]. */
export function layerNorm(x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value {
  return emit("layerNorm", [x, scale, bias], { epsilon });
}

/** x Phi(x), exact. */
export function gelu(x: Value): Value {
  return emit("gelu", [x], {});
}

/** x sigmoid(x). */
export function silu(x: Value): Value {
  return mul(x, sigmoid(x));
}

/** x [..., I] weight^T + bias: weight [O, I], bias [O] -> [..., O]. */
export function linear(x: Value, weight: Value, bias: Value): Value {
  const rows = reshape(x, [-1, x.shape[x.shape.length - 1] as number]);
  const result = emit("linear", [rows, weight, bias], {});
  return reshape(result, [...x.shape.slice(0, -1), weight.shape[0] as number]);
}

export interface Conv2dOptions {
  /** Steps of the kernel along height and width. Default 1. */
  readonly stride?: number;
  /** Zeros around the image on every side. Default 0. */
  readonly padding?: number;
}

// What the numbers may be is the operation's own rule.
const whole = (usual: number) => v.optional(v.number("a whole number"), usual);
const conv2dSchema = v.strictObject({ stride: whole(1), padding: whole(0) });

/** x [N, I, H, W], weight [O, I, kh, kw], bias [O] -> [N, O, H', W'], H' = floor((H + 2 padding - kh) / stride) + 1. */
export function conv2d(x: Value, weight: Value, bias: Value, options: Conv2dOptions = {}): Value {
  const { stride, padding } = check("conv2d", conv2dSchema, options);
  const border = [padding, padding];
  const result = emit("conv2d", [x, weight], { strides: [stride, stride], low: border, high: border });
  return add(result, reshape(bias, [bias.shape[0] as number, 1, 1]));
}
