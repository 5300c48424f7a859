import { DiffusionForcingError } from "../../errors.js";
import { shapesEqual } from "../../tensor/shape.js";
import { checkHostTensors, type HostTensor, type HostTensorRecord } from "../../tensor/tensor.js";
import { emit } from "../emit.js";
import { checkGraph, type Graph } from "../graph.js";
import { formatType } from "../ops/helpers.js";
import type { ValueOf } from "../value.js";
import { rewriteGraph } from "./rewrite.js";

/**
 * Replaces the inputs named in `constants` by constants over the given data (not copied unless shared with threads). The result no longer
 * declares them.
 *
 * @throws `invalid-argument` for a name that is no input, `shape-mismatch`, `dtype-mismatch`.
 */
export function bakeConstants(graph: Graph, constants: HostTensorRecord): Graph {
  checkGraph("bakeConstants", graph);
  const given = checkHostTensors("bakeConstants: the constants", constants);
  const names = Object.keys(constants);
  if (names.length === 0) return graph;
  const declared = new Map(graph.inputs.map((input) => [input.attributes.name, input]));
  for (const name of names) check(name, given[name] as HostTensor, declared);
  const remaining = graph.inputs.filter((input) => !Object.hasOwn(constants, input.attributes.name));
  return rewriteGraph(
    graph,
    (node) => {
      if (node.op !== "input" || !Object.hasOwn(constants, node.attributes.name)) return node;
      const { data } = given[node.attributes.name] as HostTensor;
      return emit("constant", [], { data, shape: node.shape });
    },
    remaining,
  );
}

function check(name: string, value: HostTensor, declared: ReadonlyMap<string, ValueOf<"input">>): void {
  const input = declared.get(name);
  if (input === undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `bakeConstants: the graph has no input "${name}"; its inputs are ${[...declared.keys()].join(", ") || "none"}.`,
    );
  }
  const message = `bakeConstants: "${name}" is ${formatType(value)}; the graph's input is ${formatType(input)}. Give a tensor of that type.`;
  if (value.dtype !== input.dtype) throw new DiffusionForcingError("dtype-mismatch", message);
  if (!shapesEqual(value.shape, input.shape)) throw new DiffusionForcingError("shape-mismatch", message);
}
