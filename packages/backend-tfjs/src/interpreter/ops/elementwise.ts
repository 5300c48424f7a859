import { allocate, type DType, type OpName, type Shape, sizeOf } from "@diffusion-forcing/core";
import type { NativeTensor } from "../../runtime/runtime.js";
import type { Scope } from "../kernels.js";
import type { KernelRule } from "../rule.js";
import { broadcastTo, runBinary } from "./broadcast.js";

/** Applies a kernel of one operand to the elements in a row: no engine then meets a rank it lacks. */
function flat(
  name: string,
  x: NativeTensor,
  scope: Scope,
  attrs: Readonly<Record<string, unknown>> = {},
): NativeTensor {
  return scope.run(name, { x: scope.reshape(x, [sizeOf(x.shape)]) }, attrs);
}

function unary<K extends OpName>(name: string): KernelRule<K> {
  return (_node, [x], scope) => flat(name, x as NativeTensor, scope);
}

function binary<K extends OpName>(name: string): KernelRule<K> {
  return (node, [a, b], scope) => runBinary(name, a as NativeTensor, b as NativeTensor, node.shape, scope);
}

/** One element of any dtype. */
function scalar(value: number, dtype: string, scope: Scope): NativeTensor {
  return scope.write(allocate(dtype as DType, 1).fill(value), [], dtype);
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

export const neg: KernelRule<"neg"> = unary("Neg");
export const abs: KernelRule<"abs"> = unary("Abs");
export const sign: KernelRule<"sign"> = unary("Sign");

export const add: KernelRule<"add"> = binary("Add");
export const sub: KernelRule<"sub"> = binary("Sub");
export const mul: KernelRule<"mul"> = binary("Multiply");
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
  if (castsByName && node.dtype === "float32")
    return runBinary("Multiply", called, scalar(1, "float32", scope), called.shape, scope);
  return called;
};

export const stopGradient: KernelRule<"stopGradient"> = (_node, [x]) => x as NativeTensor;
