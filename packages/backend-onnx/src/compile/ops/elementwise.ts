import type { OpName } from "@diffusion-forcing/core/graph";
import { float, int } from "../attributes.js";
import type { LoweringRule } from "../lowering.js";
import { elementTypes } from "../proto/model.js";

/** An op that ONNX has under another name, with the same operands and no attributes. */
function renamed<K extends OpName>(operator: string): LoweringRule<K> {
  return (node, lowering) => lowering.builder.node(operator, lowering.operands(node));
}

export const neg: LoweringRule<"neg"> = renamed("Neg");
export const abs: LoweringRule<"abs"> = renamed("Abs");
export const sign: LoweringRule<"sign"> = renamed("Sign");
export const exp: LoweringRule<"exp"> = renamed("Exp");
export const log: LoweringRule<"log"> = renamed("Log");
export const sqrt: LoweringRule<"sqrt"> = renamed("Sqrt");
export const sin: LoweringRule<"sin"> = renamed("Sin");
export const cos: LoweringRule<"cos"> = renamed("Cos");
export const tanh: LoweringRule<"tanh"> = renamed("Tanh");
export const sigmoid: LoweringRule<"sigmoid"> = renamed("Sigmoid");
export const erf: LoweringRule<"erf"> = renamed("Erf");
export const floor: LoweringRule<"floor"> = renamed("Floor");
export const relu: LoweringRule<"relu"> = renamed("Relu");
export const not: LoweringRule<"not"> = renamed("Not");
export const add: LoweringRule<"add"> = renamed("Add");
export const sub: LoweringRule<"sub"> = renamed("Sub");
export const mul: LoweringRule<"mul"> = renamed("Mul");
export const div: LoweringRule<"div"> = renamed("Div");
export const maximum: LoweringRule<"maximum"> = renamed("Max");
export const minimum: LoweringRule<"minimum"> = renamed("Min");
export const equal: LoweringRule<"equal"> = renamed("Equal");
export const less: LoweringRule<"less"> = renamed("Less");
export const lessEqual: LoweringRule<"lessEqual"> = renamed("LessOrEqual");
export const and: LoweringRule<"and"> = renamed("And");
export const or: LoweringRule<"or"> = renamed("Or");

/** ONNX Runtime has no Where of booleans. */
export const where: LoweringRule<"where"> = (node, { builder, operands }) => {
  const [condition, a, b] = operands(node) as [string, string, string];
  if (node.dtype !== "bool") return builder.node("Where", [condition, a, b]);
  const otherwise = builder.node("And", [builder.node("Not", [condition]), b]);
  return builder.node("Or", [builder.node("And", [condition, a]), otherwise]);
};

/**
 * max(0, min(1, 3e38 x)): a step that runs on all threads, where Sign, Where and comparisons run on one. Exact but
 * for positive denormals, which give less than 1; NaN stays NaN.
 */
export const heaviside: LoweringRule<"heaviside"> = (node, lowering) =>
  lowering.builder.node("HardSigmoid", lowering.operands(node), { alpha: float(3e38), beta: float(0) });

export const cast: LoweringRule<"cast"> = (node, lowering) => {
  const [x] = lowering.operands(node) as [string];
  if (node.inputs[0]?.dtype === node.dtype) return x;
  return lowering.builder.node("Cast", [x], { to: int(elementTypes[node.dtype]) });
};

export const stopGradient: LoweringRule<"stopGradient"> = (node, lowering) => lowering.operands(node)[0] as string;

/**
 * x + z, with z = 0 made of an element of each of the others by an op that no optimiser of the runtime sees through,
 * 1 where s < s: so x waits for them. Whatever the element is, NaN included, z is 0.
 */
export const barrier: LoweringRule<"barrier"> = (node, lowering) => {
  const { builder } = lowering;
  const [x, ...others] = lowering.operands(node) as [string, ...string[]];
  if (node.attributes.recompute) return x;
  const zeros = others.map((other, i) => {
    const shape = node.inputs[i + 1]?.shape ?? [];
    const all = (value: number): string => builder.int64(shape.map(() => value));
    const axes = builder.int64(shape.map((_, axis) => axis));
    const corner = shape.length === 0 ? other : builder.node("Slice", [other, all(0), all(1), axes]);
    const element = builder.node("Reshape", [corner, builder.int64([])]);
    return builder.node("Cast", [builder.node("Less", [element, element])], { to: int(elementTypes.float32) });
  });
  return builder.node("Add", [x, zeros.reduce((sum, zero) => builder.node("Add", [sum, zero]))]);
};
