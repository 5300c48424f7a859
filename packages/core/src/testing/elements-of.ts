import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { evaluateGraph } from "../engine/reference/index.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import { type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";

/** The elements of what a traced function makes of literal inputs, on the reference backend. For tests of formulae. */
export function elementsOf<Inputs extends HostTensorRecord>(
  inputs: Inputs,
  result: (values: Record<keyof Inputs & string, Value>) => Value,
): number[] {
  const graph = trace<keyof Inputs & string>(inputs, (values) => ({ result: result(values) }));
  return Array.from((evaluateGraph(graph, inputs).result as HostTensor).data);
}

/** A number for each of some tokens, [1, T, 1]. */
export function numbersOf(...values: number[]): HostTensor<"float32"> {
  return tensor(values, [1, values.length, 1]);
}

/** A level for each of some tokens, [1, T]. */
export function levelsOf(...levels: number[]): HostTensor<"int32"> {
  return tensor(Int32Array.from(levels), [1, levels.length]);
}
