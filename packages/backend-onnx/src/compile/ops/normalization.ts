import type { Value } from "@diffusion-forcing/core/graph";
import { float, int } from "../attributes.js";
import type { Lowering, LoweringRule } from "../lowering.js";

/**
 * LayerNormalization with its three outputs: the result, the mean and the inverse deviation of each row. The last
 * one serves `inverseDeviation` of the same rows; outputs that nobody reads are pruned.
 */
function normalize(
  x: Value,
  epsilon: number,
  scale: string,
  bias: string,
  { builder, nameOf, once }: Lowering,
): string {
  const attributes = { axis: int(x.shape.length - 1), epsilon: float(epsilon) };
  const operands = [nameOf(x), scale, bias];
  const [result, , inverse] = builder.nodeOutputs("LayerNormalization", operands, attributes, { outputs: 3 });
  once(inverseKey(x, epsilon, nameOf), () => inverse as string);
  return result as string;
}

function inverseKey(x: Value, epsilon: number, nameOf: Lowering["nameOf"]): string {
  return `inverseDeviation ${nameOf(x)} ${epsilon}`;
}

export const layerNorm: LoweringRule<"layerNorm"> = (node, lowering) => {
  const [x, scale, bias] = node.inputs as readonly [Value, Value, Value];
  return normalize(x, node.attributes.epsilon, lowering.nameOf(scale), lowering.nameOf(bias), lowering);
};

function standardized(x: Value, epsilon: number, lowering: Lowering): string {
  const { builder, nameOf, once } = lowering;
  const columns = x.shape[x.shape.length - 1] as number;
  return once(`standardize ${nameOf(x)} ${epsilon}`, () =>
    normalize(x, epsilon, builder.filled(1, columns), builder.filled(0, columns), lowering),
  );
}

export const standardize: LoweringRule<"standardize"> = (node, lowering) =>
  standardized(node.inputs[0] as Value, node.attributes.epsilon, lowering);

export const inverseDeviation: LoweringRule<"inverseDeviation"> = (node, lowering) => {
  const [x] = node.inputs as readonly [Value];
  const { epsilon } = node.attributes;
  const key = inverseKey(x, epsilon, lowering.nameOf);
  const known = lowering.recall<string>(key);
  if (known !== undefined) return known;
  standardized(x, epsilon, lowering);
  return lowering.recall<string>(key) as string;
};
