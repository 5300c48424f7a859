import { type OpName, type Shape, sizeOf } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../../device/runtime.js";
import type { KernelRule } from "../rule.js";
import type { Scope } from "../scope.js";
import { broadcastTo, runBinary, scalar } from "./broadcast.js";

/**
 * Applies a kernel of one operand to the elements in a row: no engine then meets a rank it lacks. The result has the
 * operand's shape.
 */
function flat(
  name: string,
  x: NativeTensor,
  scope: Scope,
  attrs: Readonly<Record<string, unknown>> = {},
): NativeTensor {
  return scope.reshape(scope.run(name, { x: scope.reshape(x, [sizeOf(x.shape)]) }, attrs), x.shape);
}

function unary<K extends OpName>(name: string): KernelRule<K> {
  return (_node, [x], scope) => flat(name, x as NativeTensor, scope);
}

function binary<K extends OpName>(name: string): KernelRule<K> {
  return (node, [a, b], scope) => runBinary(name, a as NativeTensor, b as NativeTensor, node.shape, scope);
}

export const exp: KernelRule<"exp"> = unary("Exp");
export const log: KernelRule<"log"> = unary("Log");
export const sqrt: KernelRule<"sqrt"> = unary("Sqrt");
export const sin: KernelRule<"sin"> = unary("Sin");
export const cos: KernelRule<"cos"> = unary("Cos");
export const tanh: KernelRule<"tanh"> = unary("Tanh");
export const sigmoid: KernelRule<"sigmoid"> = unary("Sigmoid");
export const erf: KernelRule<"erf"> = unary("Erf");
export const floor: KernelRule<"floor"> = unary("Floor");
export const relu: KernelRule<"relu"> = unary("Relu");
export const not: KernelRule<"not"> = unary("LogicalNot");
export const heaviside: KernelRule<"heaviside"> = (_node, [x], scope) =>
  flat("Step", x as NativeTensor, scope, { alpha: 0 });

/** Neg on wasm, and Abs everywhere, convert int32 to float32 and back. */
export const neg: KernelRule<"neg"> = (node, [operand], scope) => {
  const x = operand as NativeTensor;
  if (node.dtype === "float32") return flat("Neg", x, scope);
  return runBinary("Sub", scalar(0, "int32", scope), x, node.shape, scope);
};

export const abs: KernelRule<"abs"> = (node, [operand], scope) => {
  const x = operand as NativeTensor;
  if (node.dtype === "float32") return flat("Abs", x, scope);
  return runBinary("Maximum", x, runBinary("Sub", scalar(0, "int32", scope), x, node.shape, scope), node.shape, scope);
};

export const sign: KernelRule<"sign"> = unary("Sign");

export const add: KernelRule<"add"> = binary("Add");
export const sub: KernelRule<"sub"> = binary("Sub");

/**
 * Doubles hold a product of 32 and 16 bits: (high 2^16 + low) b = (high b) 2^16 + low b, where each product and sum
 * wraps around by itself.
 */
export const mul: KernelRule<"mul"> = (node, operands, scope, { multipliesInDoubles }) => {
  const [a, b] = operands as [NativeTensor, NativeTensor];
  const times = (x: NativeTensor, y: NativeTensor): NativeTensor => runBinary("Multiply", x, y, node.shape, scope);
  if (node.dtype === "float32" || !multipliesInDoubles) return times(a, b);
  const half = scalar(2 ** 16, "int32", scope);
  const high = runBinary("FloorDiv", a, half, a.shape, scope);
  const low = runBinary("Sub", a, runBinary("Multiply", high, half, a.shape, scope), a.shape, scope);
  const upper = runBinary("Multiply", times(high, b), half, node.shape, scope);
  return runBinary("Add", upper, times(low, b), node.shape, scope);
};

export const div: KernelRule<"div"> = binary("RealDiv");
export const maximum: KernelRule<"maximum"> = binary("Maximum");
export const minimum: KernelRule<"minimum"> = binary("Minimum");
export const equal: KernelRule<"equal"> = binary("Equal");
export const less: KernelRule<"less"> = binary("Less");
export const lessEqual: KernelRule<"lessEqual"> = binary("LessEqual");
export const and: KernelRule<"and"> = binary("LogicalAnd");
export const or: KernelRule<"or"> = binary("LogicalOr");

/** Select takes operands of one shape only, and on wasm no booleans. */
export const where: KernelRule<"where"> = (node, operands, scope) => {
  const full = (x: NativeTensor, shape: Shape): NativeTensor =>
    scope.reshape(broadcastTo(x, shape, scope), [sizeOf(shape)]);
  const [condition, a, b] = operands.map((operand) => full(operand, node.shape)) as [
    NativeTensor,
    NativeTensor,
    NativeTensor,
  ];
  if (node.dtype !== "bool") return scope.run("Select", { condition, t: a, e: b });
  const otherwise = scope.run("LogicalAnd", { a: scope.run("LogicalNot", { x: condition }), b });
  return scope.run("LogicalOr", { a: scope.run("LogicalAnd", { a: condition, b: a }), b: otherwise });
};

/** Cast on wasm turns 0.5 into false and 256 into whatever its low byte is: "not zero" is a comparison. */
export const cast: KernelRule<"cast"> = (node, [operand], scope, { castsByName }) => {
  const x = operand as NativeTensor;
  if (x.dtype === node.dtype) return x;
  if (node.dtype === "bool") return runBinary("NotEqual", x, scalar(0, x.dtype, scope), node.shape, scope);
  const called = flat("Cast", x, scope, { dtype: node.dtype });
  // A product with 1 computes the conversion.
  const isOnlyCalled = castsByName && node.dtype === "float32";
  return isOnlyCalled ? runBinary("Multiply", called, scalar(1, "float32", scope), node.shape, scope) : called;
};

export const stopGradient: KernelRule<"stopGradient"> = (_node, [x]) => x as NativeTensor;

/** Nodes are computed in the graph's order: the others have been. */
export const barrier: KernelRule<"barrier"> = (_node, [x]) => x as NativeTensor;
