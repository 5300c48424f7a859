import { broadcastStrides, type OpName, type Shape, sizeOf, stridesOf } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../../device/runtime.js";
import type { KernelRule } from "../rule.js";
import type { Scope } from "../scope.js";
import { runShader } from "../shader.js";
import { pick, pickOfTwo, places } from "./pick.js";
import { reduceLast } from "./reductions.js";

// Kernels of TensorFlow.js on WebGPU read int32 as f32 and so lose the digits above 2^24. These rules compute in i32,
// which wraps around as the reference does.

function filled(x: NativeTensor, shape: Shape, scope: Scope): NativeTensor {
  if (sizeOf(x.shape) === sizeOf(shape)) return x;
  return pick(x, places(shape, broadcastStrides(x.shape, shape)), scope);
}

/** The op's result for each index, an expression of `a[index]`, `b[index]` and `c[index]`. */
function elementwise<K extends OpName>(expression: string): KernelRule<K> {
  return (node, operands, scope) => {
    const full = operands.map((x) => filled(x, node.shape, scope));
    const { dtype, shape } = node;
    return runShader(`result[index] = i32(${expression});`, full, { size: sizeOf(shape), dtype }, scope);
  };
}

/** A row's result from its elements, one after the other, by an expression of `total` and `next`. */
function reduction<K extends "sum" | "max">(expression: string): KernelRule<K> {
  const statements = `
    let columns = uniforms.aShape / uniforms.size;
    var total = a[index * columns];
    for (var i = 1; i < columns; i++) {
      let next = a[index * columns + i];
      total = ${expression};
    }
    result[index] = total;`;
  return reduceLast((rows, scope) =>
    runShader(statements, [rows], { size: rows.shape[0] as number, dtype: "int32" }, scope),
  );
}

const slice: KernelRule<"slice"> = (node, [operand], scope) => {
  const x = operand as NativeTensor;
  const { starts, strides } = node.attributes;
  const whole = stridesOf(x.shape);
  const start = starts.reduce((place, at, axis) => place + at * (whole[axis] as number), 0);
  const steps = strides.map((stride, axis) => stride * (whole[axis] as number));
  return pick(x, places(node.shape, steps, start), scope);
};

/** Where the elements of a block go that lies within `shape` from the index `low` on. */
function placesWithin(shape: Shape, block: Shape, low: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const start = low.reduce((place, at, axis) => place + at * (strides[axis] as number), 0);
  return places(block, strides, start);
}

const pad: KernelRule<"pad"> = (node, [operand], scope) => {
  const x = operand as NativeTensor;
  const { low, value } = node.attributes;
  const at = Array<number>(sizeOf(node.shape)).fill(-1);
  placesWithin(node.shape, x.shape, low).forEach((place, i) => {
    at[place] = i;
  });
  return pickOfTwo(x, scope.write(Int32Array.of(value), [1], "int32"), at, scope);
};

const concat: KernelRule<"concat"> = (node, operands, scope) => {
  const { axis } = node.attributes;
  return operands.reduce((left, right) => {
    const along = (left.shape[axis] as number) + (right.shape[axis] as number);
    const shape = left.shape.map((size, i) => (i === axis ? along : size));
    const at = Array<number>(sizeOf(shape));
    const low = shape.map((_, i) => (i === axis ? (left.shape[axis] as number) : 0));
    placesWithin(
      shape,
      left.shape,
      shape.map(() => 0),
    ).forEach((place, i) => {
      at[place] = i;
    });
    placesWithin(shape, right.shape, low).forEach((place, i) => {
      at[place] = -1 - i;
    });
    return scope.reshape(pickOfTwo(left, right, at, scope), shape);
  });
};

/** Rules of ops whose result or first operand is int32. */
export const integerRules: { readonly [K in OpName]?: KernelRule<K> } = {
  neg: elementwise("-a[index]"),
  abs: elementwise("abs(a[index])"),
  sign: elementwise("sign(a[index])"),
  add: elementwise("a[index] + b[index]"),
  sub: elementwise("a[index] - b[index]"),
  mul: elementwise("a[index] * b[index]"),
  maximum: elementwise("max(a[index], b[index])"),
  minimum: elementwise("min(a[index], b[index])"),
  equal: elementwise("a[index] == b[index]"),
  less: elementwise("a[index] < b[index]"),
  lessEqual: elementwise("a[index] <= b[index]"),
  where: elementwise("select(c[index], b[index], a[index] != 0)"),
  sum: reduction("total + next"),
  max: reduction("max(total, next)"),
  broadcast: (node, [x], scope) => filled(x as NativeTensor, node.shape, scope),
  slice,
  pad,
  concat,
  gather: (node, operands, scope) => {
    const statements = `
      let width = uniforms.size / uniforms.bShape;
      result[index] = a[b[index / width] * width + index % width];`;
    return runShader(statements, operands, { size: sizeOf(node.shape), dtype: "int32" }, scope);
  },
};
