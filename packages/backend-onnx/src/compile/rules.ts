import type { OpName, ValueOf } from "@diffusion-forcing/core/graph";
import type { Lowering, LoweringRule } from "./lowering.js";
import { conv2d } from "./ops/convolution.js";
import { conv2dInputGradient, conv2dWeightGradient } from "./ops/convolution-gradients.js";
import * as elementwise from "./ops/elementwise.js";
import { gelu } from "./ops/gelu.js";
import * as indexing from "./ops/indexing.js";
import { linear, matmul } from "./ops/matrix-product.js";
import * as movement from "./ops/movement.js";
import { inverseDeviation, layerNorm, standardize } from "./ops/normalization.js";
import { max, softmax, sum } from "./ops/reductions.js";
import * as sources from "./ops/sources.js";

/** Every op's lowering. The mapped type makes a missing or misnamed rule fail to compile. */
const rules: { readonly [K in OpName]: LoweringRule<K> } = {
  ...sources,
  ...elementwise,
  ...movement,
  ...indexing,
  sum,
  max,
  softmax,
  matmul,
  linear,
  standardize,
  inverseDeviation,
  layerNorm,
  gelu,
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
};

/** Emits one node by its op's rule, its operands having been emitted. */
export function lowerByRule<K extends OpName>(node: ValueOf<K>, lowering: Lowering): string {
  const rule = rules[node.op] as LoweringRule<K>;
  return rule(node, lowering);
}
