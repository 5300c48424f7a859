import { emit } from "../../graph/emit.js";
import { buildGraph, type Graph } from "../../graph/graph.js";
import type { OpAttributes, OpName, Value, ValueOf } from "../../graph/value.js";

/** A graph as data that can be posted to another thread: nodes refer to their operands by position. */
export interface GraphMessage {
  readonly nodes: readonly {
    readonly op: OpName;
    readonly inputs: readonly number[];
    readonly attributes: OpAttributes[OpName];
  }[];
  /** How many of the nodes, from the first, are the graph's inputs. */
  readonly inputs: number;
  readonly outputs: Readonly<Record<string, number>>;
}

export function graphToMessage(graph: Graph): GraphMessage {
  const positions = new Map<Value, number>(graph.nodes.map((node, index) => [node, index]));
  const positionOf = (value: Value): number => positions.get(value) as number;
  return {
    nodes: graph.nodes.map(({ op, inputs, attributes }) => ({ op, inputs: inputs.map(positionOf), attributes })),
    inputs: graph.inputs.length,
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, positionOf(value)])),
  };
}

/** Rebuilds the graph; every node's type is inferred anew. */
export function graphFromMessage(message: GraphMessage): Graph {
  const nodes: Value[] = [];
  for (const { op, inputs, attributes } of message.nodes) {
    const operands = inputs.map((position) => nodes[position] as Value);
    nodes.push(emit(op, operands, attributes) as Value);
  }
  const outputs = Object.entries(message.outputs).map(([name, position]) => [name, nodes[position] as Value] as const);
  return buildGraph(nodes.slice(0, message.inputs) as ValueOf<"input">[], Object.fromEntries(outputs));
}
