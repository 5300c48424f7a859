import { int, ints } from "../attributes.js";
import type { LoweringRule } from "../lowering.js";
import { numericFill } from "./fill.js";

export const reshape: LoweringRule<"reshape"> = (node, { builder, operands }) =>
  builder.node("Reshape", [...operands(node), builder.int64(node.shape)]);

export const transpose: LoweringRule<"transpose"> = (node, { builder, operands }) =>
  builder.node("Transpose", operands(node), { perm: ints(node.attributes.permutation) });

export const broadcast: LoweringRule<"broadcast"> = (node, { builder, operands }) =>
  builder.node("Expand", [...operands(node), builder.int64(node.shape)]);

/** Only the axes that are cut are named: ONNX Runtime copies whole blocks along the others. */
export const slice: LoweringRule<"slice"> = (node, { builder, operands }) => {
  const { starts, ends, strides } = node.attributes;
  const size = node.inputs[0]?.shape ?? [];
  const axes = starts.flatMap((start, axis) =>
    start === 0 && ends[axis] === size[axis] && strides[axis] === 1 ? [] : [axis],
  );
  if (axes.length === 0) return operands(node)[0] as string;
  const along = (list: readonly number[]): string => builder.int64(axes.map((axis) => list[axis] as number));
  return builder.node("Slice", [...operands(node), along(starts), along(ends), builder.int64(axes), along(strides)]);
};

export const pad: LoweringRule<"pad"> = (node, { builder, operands }) => {
  const { low, high, value } = node.attributes;
  return builder.node("Pad", [
    ...operands(node),
    builder.int64([...low, ...high]),
    numericFill(builder, value, node.dtype),
  ]);
};

export const concat: LoweringRule<"concat"> = (node, { builder, operands }) =>
  builder.node("Concat", operands(node), { axis: int(node.attributes.axis) });
