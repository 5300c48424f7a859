import { emit } from "../emit.js";
import type { Graph } from "../graph.js";
import { ruleOf } from "../rules.js";
import type { Emit, OpAttributes, OpName, Value } from "../value.js";
import { rewriteGraph } from "./rewrite.js";

/**
 * Replaces every composite by its decomposition, and the composites in that in turn, except those in `keep`,
 * which the backend takes whole.
 */
export function expandComposites(graph: Graph, keep: ReadonlySet<OpName>): Graph {
  const expand = <K extends OpName>(node: Value): Value => {
    const { decompose } = ruleOf(node.op as K);
    if (decompose === undefined || keep.has(node.op)) return node;
    return decompose(node.inputs, node.attributes as OpAttributes[K], emitExpanded);
  };
  const emitExpanded = ((op, inputs, attributes) => expand(emit(op, inputs, attributes) as Value)) as Emit;
  return rewriteGraph(graph, expand);
}
