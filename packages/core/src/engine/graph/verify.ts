import { DiffusionForcingError } from "../errors.js";
import { shapesEqual } from "../tensor/shape.js";
import { formatType } from "./ops/helpers.js";
import { ruleOf } from "./rules.js";
import type { OpAttributes, OpName, Value } from "./value.js";

interface Verifiable {
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
  readonly nodes: readonly Value[];
}

function fail(message: string): never {
  throw new DiffusionForcingError(
    "invalid-graph",
    `${message} This is a fault of the pass or code that built the graph.`,
  );
}

/**
 * Checks a whole graph: operands stand before their users, every type is what the op's rule infers, input
 * names are unique and declared, outputs are nodes of the graph. Runs after building and after every pass.
 *
 * @throws `invalid-graph` with the offending node.
 */
export function verify(graph: Verifiable): void {
  const seen = new Set<Value>();
  const declared = new Set<Value>(graph.inputs);
  const names = new Set<string>();
  for (const input of graph.inputs) {
    if (input.op !== "input") fail(`A graph input is a "${input.op}" node.`);
    if (names.has(input.attributes.name)) fail(`Two graph inputs are named "${input.attributes.name}".`);
    names.add(input.attributes.name);
  }
  for (const node of graph.nodes) {
    for (const operand of node.inputs) {
      if (!seen.has(operand)) fail(`An operand of "${node.op}" (${formatType(operand)}) stands after its user.`);
    }
    if (node.op === "input" && !declared.has(node)) {
      fail(`Input "${node.attributes.name}" is used but not declared as an input of the graph.`);
    }
    const inferred = inferAgain(node);
    if (inferred.dtype !== node.dtype || !shapesEqual(inferred.shape, node.shape)) {
      fail(`"${node.op}" is typed ${formatType(node)} but its rule infers ${formatType(inferred)}.`);
    }
    seen.add(node);
  }
  for (const [name, value] of Object.entries(graph.outputs)) {
    if (!seen.has(value)) fail(`Output "${name}" is not a node of the graph.`);
  }
}

function inferAgain<K extends OpName>(node: Value) {
  return ruleOf(node.op as K).infer(node.inputs, node.attributes as OpAttributes[K]);
}
