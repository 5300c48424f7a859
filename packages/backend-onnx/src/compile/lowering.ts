import type { OpName, Value, ValueOf } from "@diffusion-forcing/core/graph";
import type { ModelBuilder } from "./model-builder.js";
import type { Target } from "./target.js";

/** What a lowering rule and a peephole see of the graph being lowered. */
export interface Lowering {
  readonly builder: ModelBuilder;
  /** What the runtime that the model is for can do. */
  readonly target: Target;
  /** Channels in a block of ONNX Runtime's layout for convolutions; undefined where it has none. */
  readonly channelBlock: number | undefined;
  /** The ONNX name of a value already lowered. */
  nameOf(value: Value): string;
  /** ONNX names of a node's operands, in order. */
  operands(node: { readonly inputs: readonly Value[] }): string[];
  /** The nodes that have the value among their operands. */
  usersOf(value: Value): readonly Value[];
  /** True if one operand of one node refers to the value, and no graph output: a pattern may take it in. */
  usedOnce(value: Value): boolean;
  /** `make()` once per key: results of one ONNX node that several graph nodes share. */
  once<T>(key: string, make: () => T): T;
  /** What {@link once} made for the key, if it did. */
  recall<T>(key: string): T | undefined;
}

/** Emits the ONNX nodes of one graph node and returns the name of its value. */
export type LoweringRule<K extends OpName> = (node: ValueOf<K>, lowering: Lowering) => string;

/**
 * A rule for a pattern of several nodes that ends in `node`. Returns undefined where the pattern does not apply.
 * The pattern's inner nodes were emitted already; those that nothing uses any more are dropped at the end.
 */
export type Peephole = (node: Value, lowering: Lowering) => string | undefined;
