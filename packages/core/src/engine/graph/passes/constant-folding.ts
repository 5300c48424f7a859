import { evaluateNode } from "../../reference/index.js";
import { sizeOf } from "../../tensor/shape.js";
import type { HostTensor } from "../../tensor/tensor.js";
import { emit } from "../emit.js";
import type { Graph } from "../graph.js";
import type { Value, ValueOf } from "../value.js";
import { rewriteGraph } from "./rewrite.js";

/** Above this many elements, operands and result together, folding would cost the tracer more than the runtime. */
const MAXIMUM_WORK = 16_384;

/** A result may outgrow its operands up to this size; beyond it (a broadcast scalar, say) it stays an op. */
const MAXIMUM_GROWN_SIZE = 1024;

/**
 * Evaluates nodes whose operands are all constants, by the reference interpreter. Large nodes, and nodes whose
 * result is much larger than their operands, are left to the runtime.
 */
export function foldConstants(graph: Graph): Graph {
  return rewriteGraph(graph, (node) => {
    if (node.inputs.length === 0 || !node.inputs.every(isConstant) || !worthFolding(node)) return node;
    const { data, shape } = evaluateNode(node, node.inputs.map(hostTensor));
    return emit("constant", [], { data, shape });
  });
}

function isConstant(value: Value): value is ValueOf<"constant"> {
  return value.op === "constant";
}

function hostTensor(node: ValueOf<"constant">): HostTensor {
  return { dtype: node.dtype, shape: node.shape, data: node.attributes.data };
}

function worthFolding(node: Value): boolean {
  const result = sizeOf(node.shape);
  const operands = node.inputs.reduce((total, operand) => total + sizeOf(operand.shape), 0);
  return result + operands <= MAXIMUM_WORK && result <= Math.max(operands, MAXIMUM_GROWN_SIZE);
}
