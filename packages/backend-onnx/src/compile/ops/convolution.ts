import type { ValueOf } from "@diffusion-forcing/core/graph";
import { ints } from "../attributes.js";
import type { Lowering, LoweringRule } from "../lowering.js";

/** @param addends the ONNX name of a bias [O], if there is one */
export function emitConvolution(node: ValueOf<"conv2d">, addends: readonly string[], lowering: Lowering): string {
  const { strides, low, high } = node.attributes;
  const attributes = { strides: ints(strides), pads: ints([...low, ...high]) };
  return lowering.builder.node("Conv", [...lowering.operands(node), ...addends], attributes);
}

export const conv2d: LoweringRule<"conv2d"> = (node, lowering) => emitConvolution(node, [], lowering);
