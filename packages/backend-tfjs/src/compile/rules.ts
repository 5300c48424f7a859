import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { OpName, ValueOf } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../device/runtime.js";
import { conv2d } from "./ops/convolution.js";
import * as elementwise from "./ops/elementwise.js";
import { gather, scatterAdd } from "./ops/indexing.js";
import { integerRules } from "./ops/integers.js";
import { linear, matmul } from "./ops/matrix-product.js";
import * as movement from "./ops/movement.js";
import { max, softmax, sum } from "./ops/reductions.js";
import type { KernelRule } from "./rule.js";
import type { Scope } from "./scope.js";
import type { Traits } from "./traits.js";

/** An op that {@link prepareGraph} replaces, or whose value is given, and that so never reaches its rule. */
const never: KernelRule<OpName> = (node) => {
  throw new DiffusionForcingError("invalid-graph", `The op "${node.op}" has no kernel and should have been replaced.`);
};

/** Every op's kernels. The mapped type makes a missing or misnamed rule fail to compile. */
const rules: { readonly [K in OpName]: KernelRule<K> } = {
  input: never as KernelRule<"input">,
  constant: never as KernelRule<"constant">,
  ...elementwise,
  transpose: movement.transpose,
  reshape: movement.reshape,
  broadcast: movement.broadcast,
  slice: movement.slice,
  pad: movement.pad,
  concat: movement.concat,
  sum,
  max,
  gather,
  scatterAdd,
  matmul,
  softmax,
  linear,
  conv2d,
  standardize: never as KernelRule<"standardize">,
  inverseDeviation: never as KernelRule<"inverseDeviation">,
  layerNorm: never as KernelRule<"layerNorm">,
  gelu: never as KernelRule<"gelu">,
  conv2dInputGradient: never as KernelRule<"conv2dInputGradient">,
  conv2dWeightGradient: never as KernelRule<"conv2dWeightGradient">,
};

const isOfIntegers = ({ dtype, inputs }: ValueOf<OpName>): boolean => dtype === "int32" || inputs[0]?.dtype === "int32";

/** Computes one node by its op's rule. */
export function computeByRule<K extends OpName>(
  node: ValueOf<K>,
  operands: readonly NativeTensor[],
  scope: Scope,
  traits: Traits,
): NativeTensor {
  const ownRules = traits.integersAsFloats && isOfIntegers(node) ? integerRules : {};
  const rule = (ownRules[node.op] ?? rules[node.op]) as KernelRule<K>;
  return rule(node, operands, scope, traits);
}
