import { DiffusionForcingError } from "../../errors.js";
import { shapesEqual } from "../../tensor/shape.js";
import { emit } from "../emit.js";
import { buildGraph, type Graph } from "../graph.js";
import { formatType } from "../ops/helpers.js";
import type { OpAttributes, OpName, Value, ValueOf } from "../value.js";

/** Gives the node that stands in for `node`, whose operands have already been rewritten; `node` itself keeps it. */
export type Rewrite = (node: Value) => Value;

/**
 * Rewrites a graph from its inputs to its outputs: each node is first given its rewritten operands, then passed
 * to `rewrite`. The result is verified; if nothing changed, it is the same graph object.
 *
 * @param inputs the inputs the result declares: by default those of `graph`, used or not.
 * @throws `invalid-graph` if a replacement has another type than the node it replaces.
 */
export function rewriteGraph(
  graph: Graph,
  rewrite: Rewrite,
  inputs: readonly ValueOf<"input">[] = graph.inputs,
): Graph {
  const replacements = new Map<Value, Value>();
  let changed = false;
  for (const node of graph.nodes) {
    const replacement = rewrite(withOperands(node, replacements));
    if (replacement !== node) {
      changed = true;
      checkSameType(node, replacement);
    }
    replacements.set(node, replacement);
  }
  if (!changed && inputs === graph.inputs) return graph;
  const outputs = Object.entries(graph.outputs).map(([name, value]) => [name, replacements.get(value) as Value]);
  return buildGraph(inputs, Object.fromEntries(outputs) as Graph["outputs"]);
}

function withOperands(node: Value, replacements: ReadonlyMap<Value, Value>): Value {
  if (node.inputs.every((operand) => replacements.get(operand) === operand)) return node;
  const operands = node.inputs.map((operand) => replacements.get(operand) as Value);
  return emit<OpName>(node.op, operands, node.attributes as OpAttributes[OpName]) as Value;
}

function checkSameType(node: Value, replacement: Value): void {
  if (replacement.dtype === node.dtype && shapesEqual(replacement.shape, node.shape)) return;
  throw new DiffusionForcingError(
    "invalid-graph",
    `A pass replaced "${node.op}" (${formatType(node)}) by "${replacement.op}" (${formatType(replacement)}); a replacement keeps the type.`,
  );
}
