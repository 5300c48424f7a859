import type { OpName, ValueOf } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../device/runtime.js";
import type { Scope } from "./scope.js";
import type { Traits } from "./traits.js";

/**
 * Computes one node with kernels. The result has the node's elements in order, under any shape of that size; it may
 * be an operand. Everything is made through the scope, which frees what is left.
 */
export type KernelRule<K extends OpName> = (
  node: ValueOf<K>,
  operands: readonly NativeTensor[],
  scope: Scope,
  traits: Traits,
) => NativeTensor;
