import { emit } from "../emit.js";
import type { Graph } from "../graph.js";
import type { OpName, Value, ValueOf } from "../value.js";
import type { Identity, Make } from "./identities/identity.js";
import { identities } from "./identities/table.js";
import { rewriteGraph } from "./rewrite.js";

/**
 * Applies the identities of `identities/` wherever they hold. Every result equals the original's, up to the
 * rounding of merged scalar factors and the sign of a zero. Run it after `gradient`: it drops `stopGradient`.
 */
export function simplifyAlgebra(graph: Graph): Graph {
  return rewriteGraph(graph, simplify);
}

/** `node`, whose operands are simplified, in its simplest form. */
function simplify<K extends OpName>(node: Value): Value {
  for (const identity of identities[node.op] as readonly Identity<K>[]) {
    const simpler = identity.rewrite(node as ValueOf<OpName> as ValueOf<K>, make);
    if (simpler !== undefined) return simpler;
  }
  return node;
}

const make: Make = (op, inputs, attributes) => simplify(emit(op, inputs, attributes) as Value);
