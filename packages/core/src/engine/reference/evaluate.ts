import * as v from "valibot";
import { checkRunInputs } from "../backend/check-inputs.js";
import { check, schemas } from "../check.js";
import { DiffusionForcingError } from "../errors.js";
import { emit } from "../graph/emit.js";
import { checkGraph, type Graph, topologicalOrder } from "../graph/graph.js";
import { ruleOf } from "../graph/rules.js";
import { input } from "../graph/trace.js";
import type { OpName, Value, ValueOf } from "../graph/value.js";
import type { HostTensor, HostTensorRecord } from "../tensor/tensor.js";
import { isFloat64Array } from "../typed-array-name.js";
import type { ArrayTensor, Precision } from "./array.js";
import { type Kernel, kernels, type PrimitiveOp } from "./kernels.js";

export interface EvaluateOptions {
  /**
   * "float32" (the default) rounds the result of every op; "float64" computes in doubles throughout and rounds
   * the outputs only. Sums and matrix products add up in doubles either way.
   */
  readonly precision?: Precision;
}

const optionsSchema = v.strictObject({ precision: v.optional(schemas.choice("float32", "float64"), "float32") });

/**
 * What a graph means: its nodes computed one after another.
 *
 * @param inputs every input of the graph.
 * @throws `invalid-argument` for a missing or unknown input or for an index outside its table,
 *   `shape-mismatch`, `dtype-mismatch`.
 */
export function evaluateGraph(
  graph: Graph,
  inputs: HostTensorRecord,
  options: EvaluateOptions = {},
): Record<string, HostTensor> {
  const { precision } = check("evaluateGraph", optionsSchema, options);
  checkGraph("evaluateGraph", graph);
  const given = checkRunInputs(graph, inputs, new Set()) as HostTensorRecord;
  return mapRecord(evaluateArrays(graph, given, precision), (result) => {
    const { dtype, shape, data } = result;
    // A copy: the result may share its array with an input or a constant.
    return { dtype, shape, data: isFloat64Array(data) ? Float32Array.from(data) : data.slice() } as HostTensor;
  });
}

/** As {@link evaluateGraph}, in doubles from the inputs to the outputs: finite differences need every digit. */
export function evaluateInDoubles(
  graph: Graph,
  inputs: Readonly<Record<string, ArrayTensor>>,
): Record<string, ArrayTensor> {
  return evaluateArrays(graph, inputs, "float64");
}

/**
 * One node's result from its operands' values.
 *
 * @throws `invalid-argument` for an input, whose value nobody knows, or for an index outside its table.
 */
export function evaluateNode(node: Value, operands: readonly HostTensor[]): HostTensor {
  return evaluateArray(node, operands, "float32") as HostTensor;
}

function evaluateArrays(
  graph: Graph,
  inputs: Readonly<Record<string, ArrayTensor>>,
  precision: Precision,
): Record<string, ArrayTensor> {
  const results = new Map<Value, ArrayTensor>();
  for (const declared of graph.inputs) results.set(declared, inputs[declared.attributes.name] as ArrayTensor);
  evaluateInOrder(graph.nodes, results, precision);
  return mapRecord(graph.outputs, (value) => results.get(value) as ArrayTensor);
}

/** Adds the result of every node that has none yet; operands stand before users. */
function evaluateInOrder(nodes: readonly Value[], results: Map<Value, ArrayTensor>, precision: Precision): void {
  for (const node of nodes) {
    if (results.has(node)) continue;
    const operands = node.inputs.map((operand) => results.get(operand) as ArrayTensor);
    results.set(node, evaluateArray(node, operands, precision));
  }
}

function evaluateArray<K extends OpName>(
  node: Value,
  operands: readonly ArrayTensor[],
  precision: Precision,
): ArrayTensor {
  const { decompose } = ruleOf(node.op as K);
  if (decompose !== undefined) {
    const placeholders = node.inputs.map((operand, index) => input(`operand ${index}`, operand));
    const meaning = decompose(placeholders, node.attributes as ValueOf<K>["attributes"], emit);
    const results = new Map<Value, ArrayTensor>(
      placeholders.map((placeholder, index) => [placeholder, operands[index] as ArrayTensor]),
    );
    evaluateInOrder(topologicalOrder([], [meaning]), results, precision);
    return results.get(meaning) as ArrayTensor;
  }
  if (node.op === "input") {
    throw new DiffusionForcingError("invalid-argument", `Input "${node.attributes.name}" has no value to compute.`);
  }
  const kernel = kernels[node.op as PrimitiveOp] as Kernel<OpName>;
  const data = kernel(node as ValueOf<OpName>, operands, precision);
  return { dtype: node.dtype, shape: node.shape, data };
}

function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
