import type { LoweringRule } from "../lowering.js";

export const input: LoweringRule<"input"> = (node) => node.attributes.name;

export const constant: LoweringRule<"constant"> = (node, { builder }) =>
  builder.constant(node.attributes.data, node.dtype, node.shape);
