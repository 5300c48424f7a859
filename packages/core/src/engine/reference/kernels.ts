import type { BinaryOp } from "../graph/ops/binary.js";
import type { UnaryOp } from "../graph/ops/unary.js";
import type { OpName, ValueOf } from "../graph/value.js";
import { type ArrayData, type ArrayTensor, allocate, type Precision } from "./array.js";
import { binary, broadcastTo, cast, unary, where } from "./elementwise.js";
import { gather, scatterAdd } from "./indexing.js";
import { matmul } from "./matmul.js";
import { concat, pad, slice, transpose } from "./movement.js";
import { max, sum } from "./reductions.js";

/** Ops that mean what their decomposition means. */
export type CompositeOp =
  | "softmax"
  | "standardize"
  | "inverseDeviation"
  | "layerNorm"
  | "gelu"
  | "linear"
  | "conv2d"
  | "conv2dInputGradient"
  | "conv2dWeightGradient";

/** Ops that have a kernel here. An input has none: its value is given. */
export type PrimitiveOp = Exclude<OpName, CompositeOp | "input">;

/** The elements of a node's result. May share an operand's array. */
export type Kernel<K extends OpName> = (
  node: ValueOf<K>,
  operands: readonly ArrayTensor[],
  precision: Precision,
) => ArrayData;

/** A kernel that fills a new array of the node's type. */
function filling<K extends OpName>(
  fill: (node: ValueOf<K>, operands: readonly ArrayTensor[], out: ArrayData) => void,
): Kernel<K> {
  return (node, operands, precision) => {
    const out = allocate(node.dtype, node.shape, precision);
    fill(node, operands, out);
    return out;
  };
}

const first = (operands: readonly ArrayTensor[]): ArrayTensor => operands[0] as ArrayTensor;
const second = (operands: readonly ArrayTensor[]): ArrayTensor => operands[1] as ArrayTensor;

function unaryKernel<K extends UnaryOp>(): Kernel<K> {
  return filling((node, operands, out) => unary(node.op, first(operands), out));
}

function binaryKernel<K extends BinaryOp>(): Kernel<K> {
  return filling((node, operands, out) => binary(node.op, first(operands), second(operands), node.shape, out));
}

/** What every primitive op means, element by element. An op without a kernel fails to compile. */
export const kernels: { readonly [K in PrimitiveOp]: Kernel<K> } = {
  constant: (node) => node.attributes.data,
  neg: unaryKernel(),
  abs: unaryKernel(),
  sign: unaryKernel(),
  exp: unaryKernel(),
  log: unaryKernel(),
  sqrt: unaryKernel(),
  sin: unaryKernel(),
  cos: unaryKernel(),
  tanh: unaryKernel(),
  sigmoid: unaryKernel(),
  erf: unaryKernel(),
  floor: unaryKernel(),
  relu: unaryKernel(),
  heaviside: unaryKernel(),
  not: unaryKernel(),
  add: binaryKernel(),
  sub: binaryKernel(),
  mul: binaryKernel(),
  div: binaryKernel(),
  maximum: binaryKernel(),
  minimum: binaryKernel(),
  equal: binaryKernel(),
  less: binaryKernel(),
  lessEqual: binaryKernel(),
  and: binaryKernel(),
  or: binaryKernel(),
  where: filling((node, operands, out) => where(operands, node.shape, out)),
  cast: filling((node, operands, out) => cast(first(operands), node.dtype, out)),
  stopGradient: (_node, operands) => first(operands).data,
  barrier: (_node, operands) => first(operands).data,
  sum: filling((node, operands, out) => sum(first(operands), node.attributes.axes, out)),
  max: filling((node, operands, out) => max(first(operands), node.attributes.axes, out)),
  reshape: (_node, operands) => first(operands).data,
  transpose: filling((node, operands, out) => transpose(first(operands), node.attributes.permutation, node.shape, out)),
  broadcast: (node, operands) => broadcastTo(first(operands), node.shape),
  slice: filling((node, operands, out) => slice(first(operands), node.attributes, node.shape, out)),
  pad: filling((node, operands, out) => pad(first(operands), node.attributes, node.shape, out)),
  concat: filling((node, operands, out) => concat(operands, node.attributes.axis, node.shape, out)),
  gather: filling((_node, operands, out) => gather(first(operands), second(operands), out)),
  scatterAdd: filling((node, operands, out) =>
    scatterAdd(first(operands), second(operands), node.attributes.size, out),
  ),
  matmul: filling((node, operands, out) => matmul(first(operands), second(operands), node.attributes, node.shape, out)),
};
