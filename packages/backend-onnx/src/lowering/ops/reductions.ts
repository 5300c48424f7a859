import { flag, int } from "../attributes.js";
import type { LoweringRule } from "../lowering.js";

export const sum: LoweringRule<"sum"> = (node, { builder, operands }) => {
  const { axes, keepDims } = node.attributes;
  return builder.node("ReduceSum", [...operands(node), builder.int64(axes)], { keepdims: flag(keepDims) });
};

export const max: LoweringRule<"max"> = (node, { builder, operands }) => {
  const { axes, keepDims } = node.attributes;
  return builder.node("ReduceMax", [...operands(node), builder.int64(axes)], { keepdims: flag(keepDims) });
};

export const softmax: LoweringRule<"softmax"> = (node, { builder, operands }) =>
  builder.node("Softmax", operands(node), { axis: int(node.shape.length - 1) });
