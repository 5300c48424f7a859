import { flag, int } from "../attributes.js";
import type { Lowering, LoweringRule } from "../lowering.js";
import { elementTypes } from "../proto/model.js";

/** The element type double of ONNX's TensorProto, which no tensor of a graph has. */
const DOUBLE = 11;

const castTo = (x: string, type: number, { builder }: Lowering): string => builder.node("Cast", [x], { to: int(type) });

export const sum: LoweringRule<"sum"> = (node, lowering) => {
  const { builder, operands, target } = lowering;
  const { axes, keepDims } = node.attributes;
  const [x] = operands(node) as [string];
  if (node.dtype !== "int32" || !target.inexactIntegers.has("sum")) {
    return builder.node("ReduceSum", [x, builder.int64(axes)], { keepdims: flag(keepDims) });
  }
  const total = builder.node("ReduceSum", [castTo(x, DOUBLE, lowering), builder.int64(axes)], { keepdims: flag(true) });
  // Wraps around. The remainder between the casts also keeps ONNX Runtime from joining them: doubles outside int32
  // have no cast to it.
  const rest = builder.node("Mod", [castTo(total, elementTypes.int64, lowering), builder.int64([2 ** 32])]);
  const wrapped = castTo(rest, elementTypes.int32, lowering);
  return keepDims ? wrapped : builder.node("Reshape", [wrapped, builder.int64(node.shape)]);
};

export const max: LoweringRule<"max"> = (node, lowering) => {
  const { builder, operands, target } = lowering;
  const { axes, keepDims } = node.attributes;
  const [x] = operands(node) as [string];
  const largest = (of: string): string =>
    builder.node("ReduceMax", [of, builder.int64(axes)], { keepdims: flag(keepDims) });
  if (node.dtype !== "int32" || !target.inexactIntegers.has("max")) return largest(x);
  return castTo(largest(castTo(x, DOUBLE, lowering)), elementTypes.int32, lowering);
};

export const softmax: LoweringRule<"softmax"> = (node, { builder, operands }) =>
  builder.node("Softmax", operands(node), { axis: int(node.shape.length - 1) });
