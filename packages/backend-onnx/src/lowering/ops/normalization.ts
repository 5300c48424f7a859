import type { Value } from "@diffusion-forcing/core";
import { float, int } from "../attributes.js";
import type { Lowering, LoweringRule } from "../lowering.js";

export const layerNorm: LoweringRule<"layerNorm"> = (node, { builder, operands }) =>
  builder.node("LayerNormalization", operands(node), {
    axis: int(node.shape.length - 1),
    epsilon: float(node.attributes.epsilon),
  });

/**
 * LayerNormalization without scale and bias. Its optional outputs are the mean and the inverse deviation, so
 * `standardize` and `inverseDeviation` of one value come from one node.
 */
function standardized(x: Value, epsilon: number, { builder, nameOf, once }: Lowering): readonly string[] {
  const columns = x.shape[x.shape.length - 1] as number;
  return once(`standardize ${nameOf(x)} ${epsilon}`, () =>
    builder.nodeOutputs(
      "LayerNormalization",
      [nameOf(x), builder.filled(1, columns), builder.filled(0, columns)],
      { axis: int(x.shape.length - 1), epsilon: float(epsilon) },
      { outputs: 3 },
    ),
  );
}

export const standardize: LoweringRule<"standardize"> = (node, lowering) =>
  standardized(node.inputs[0] as Value, node.attributes.epsilon, lowering)[0] as string;

export const inverseDeviation: LoweringRule<"inverseDeviation"> = (node, lowering) =>
  standardized(node.inputs[0] as Value, node.attributes.epsilon, lowering)[2] as string;
