import { sizeOf } from "@diffusion-forcing/core/graph";
import { int, string } from "../attributes.js";
import type { LoweringRule } from "../lowering.js";

export const gather: LoweringRule<"gather"> = (node, { builder, operands }) =>
  builder.node("Gather", operands(node), { axis: int(0) });

/**
 * ScatterElements with addition into zeros; every element of the updates gets an index of its own. ScatterND would
 * take one index a row, but on the CPU it adds rows of equal index from several threads at once and loses some.
 */
export const scatterAdd: LoweringRule<"scatterAdd"> = (node, { builder, operands }) => {
  const [updates, indices] = operands(node) as [string, string];
  const at = node.inputs[1]?.shape ?? [];
  const rest = node.shape.slice(1);
  const rows = sizeOf(at);
  const zeros = builder.node("Expand", [builder.float(0), builder.int64(node.shape)]);
  const flatUpdates = builder.node("Reshape", [updates, builder.int64([rows, ...rest])]);
  const column = builder.node("Reshape", [indices, builder.int64([rows, ...rest.map(() => 1)])]);
  const everywhere = builder.node("Expand", [column, builder.int64([rows, ...rest])]);
  return builder.node("ScatterElements", [zeros, everywhere, flatUpdates], { axis: int(0), reduction: string("add") });
};
