import { check, schemas } from "../check.js";
import { DiffusionForcingError } from "../errors.js";
import type { Value, ValueOf } from "./value.js";
import { verify } from "./verify.js";

/**
 * A computation as immutable data. `nodes` holds every node the outputs need, operands before users; the
 * declared inputs come first, used or not.
 */
export interface Graph {
  readonly inputs: readonly ValueOf<"input">[];
  readonly outputs: Readonly<Record<string, Value>>;
  readonly nodes: readonly Value[];
}

const graphSchema = schemas.having<Graph>("a graph, as trace() makes one", "inputs", "outputs", "nodes");
const outputsSchema = schemas.having<object>("traced values by name");

/** @throws `invalid-argument` for what is no graph */
export function checkGraph(what: string, graph: Graph): void {
  check(`${what}: the graph`, graphSchema, graph);
}

/**
 * Collects what `outputs` depend on into a verified graph. Nodes nothing depends on are thereby dropped.
 *
 * @throws `invalid-graph` if an input is used but not declared, or a name stands twice.
 */
export function buildGraph(inputs: readonly ValueOf<"input">[], outputs: Readonly<Record<string, Value>>): Graph {
  check("A graph's outputs", outputsSchema, outputs);
  if (Object.keys(outputs).length === 0) {
    throw new DiffusionForcingError("invalid-graph", "A graph needs at least one output.");
  }
  const graph: Graph = { inputs, outputs, nodes: topologicalOrder(inputs, Object.values(outputs)) };
  verify(graph);
  return graph;
}

/** Operands before users, by an explicit stack: traced graphs are deeper than the call stack. */
export function topologicalOrder(first: readonly Value[], targets: readonly Value[]): Value[] {
  const order: Value[] = [];
  const done = new Set<Value>();
  for (const target of [...first, ...targets]) {
    const stack: { value: Value; next: number }[] = [{ value: target, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { value: Value; next: number };
      const operand = done.has(top.value) ? undefined : top.value.inputs[top.next++];
      if (operand !== undefined) {
        if (!done.has(operand)) stack.push({ value: operand, next: 0 });
        continue;
      }
      if (!done.has(top.value)) {
        done.add(top.value);
        order.push(top.value);
      }
      stack.pop();
    }
  }
  return order;
}
