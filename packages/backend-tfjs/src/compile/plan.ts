import type { Graph, Value } from "@diffusion-forcing/core/graph";

/** One node to compute, and the values that nothing needs afterwards. */
export interface Step {
  readonly node: Value;
  readonly lastUses: readonly Value[];
}

/** The order in which a graph's nodes are computed and freed. Inputs and constants are there before, and stay. */
export function planOf(graph: Graph): Step[] {
  const computed = graph.nodes.filter(({ op }) => op !== "input" && op !== "constant");
  const kept = new Set<Value>(Object.values(graph.outputs));
  const known = new Set<Value>(computed);
  const seen = new Set<Value>();
  const steps: Step[] = [];
  for (const node of [...computed].reverse()) {
    const lastUses: Value[] = [];
    for (const operand of node.inputs) {
      if (!known.has(operand) || kept.has(operand) || seen.has(operand)) continue;
      seen.add(operand);
      lastUses.push(operand);
    }
    steps.push({ node, lastUses });
  }
  return steps.reverse();
}
