import type { TensorData } from "../tensor/dtype.js";
import { checkGraph, type Graph } from "./graph.js";
import { formatType } from "./ops/helpers.js";
import type { Value } from "./value.js";

function formatAttribute(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  return String(value);
}

function formatConstant(data: TensorData): string {
  const shown = Array.from(data.subarray(0, 4), (x) => String(x)).join(", ");
  return data.length > 4 ? `${shown}, ...` : shown;
}

function formatAttributes(node: Value): string {
  if (node.op === "input") return node.attributes.name;
  if (node.op === "constant") return formatConstant(node.attributes.data);
  return Object.entries(node.attributes)
    .map(([key, value]) => `${key}=${formatAttribute(value)}`)
    .join(" ");
}

/**
 * A graph as readable text, one node a line, numbered in topological order:
 *
 *     %2: float32[2, 3] = add(%0, %1)
 */
export function printGraph(graph: Graph): string {
  checkGraph("printGraph", graph);
  const numbers = new Map<Value, number>();
  const lines = graph.nodes.map((node, index) => {
    numbers.set(node, index);
    const operands = node.inputs.map((operand) => `%${numbers.get(operand)}`).join(", ");
    const attributes = formatAttributes(node);
    const body = [operands, attributes].filter((part) => part !== "").join("; ");
    return `%${index}: ${formatType(node)} = ${node.op}(${body})`;
  });
  for (const [name, value] of Object.entries(graph.outputs)) lines.push(`return ${name} = %${numbers.get(value)}`);
  return lines.join("\n");
}
