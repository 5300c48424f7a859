import { dtypeOf, type TensorData } from "../../tensor/dtype.js";
import { typedArrayName } from "../../typed-array-name.js";
import { canonicalAttributes } from "../canonical.js";
import type { Graph } from "../graph.js";
import { ruleOf } from "../rules.js";
import type { Value, ValueOf } from "../value.js";
import { rewriteGraph } from "./rewrite.js";

/**
 * Value numbering: nodes of the same op, operands and attributes become one. Operands of a commutative op match
 * in either order; constants match bit by bit.
 */
export function mergeCommonSubexpressions(graph: Graph): Graph {
  const numbers = new Map<Value, number>();
  const byKey = new Map<string, Value>();
  const constants = new ConstantPool();
  return rewriteGraph(graph, (node) => {
    const first = node.op === "constant" ? constants.intern(node) : internByKey(node, numbers, byKey);
    if (!numbers.has(first)) numbers.set(first, numbers.size);
    return first;
  });
}

function internByKey(node: Value, numbers: ReadonlyMap<Value, number>, byKey: Map<string, Value>): Value {
  if (node.op === "input") return node;
  const operands = node.inputs.map((operand) => numbers.get(operand) as number);
  if (ruleOf(node.op).commutative === true) operands.sort((a, b) => a - b);
  const key = `${node.op}(${operands.join()})${canonicalAttributes(node)}`;
  const first = byKey.get(key) ?? node;
  byKey.set(key, first);
  return first;
}

/** Constants by content. A sample of the elements picks the few candidates that are then compared in full. */
class ConstantPool {
  readonly #candidates = new Map<string, ValueOf<"constant">[]>();

  intern(node: ValueOf<"constant">): ValueOf<"constant"> {
    const { data } = node.attributes;
    const bits = bitsOf(data);
    const key = `${dtypeOf(data)}[${node.shape.join()}]${sample(bits).join()}`;
    const candidates = this.#candidates.get(key) ?? [];
    const equal = candidates.find((candidate) => sameBits(bitsOf(candidate.attributes.data), bits));
    if (equal !== undefined) return equal;
    candidates.push(node);
    this.#candidates.set(key, candidates);
    return node;
  }
}

/** The elements as integers, so that 0 and -0 differ and NaN equals itself. */
function bitsOf(data: TensorData): Int32Array | Uint8Array {
  const isFloat = typedArrayName(data) === "Float32Array";
  return isFloat ? new Int32Array(data.buffer, data.byteOffset, data.length) : (data as Int32Array | Uint8Array);
}

const SAMPLE_SIZE = 8;

function sample(bits: Int32Array | Uint8Array): number[] {
  const stride = Math.max(1, Math.floor(bits.length / SAMPLE_SIZE));
  const elements: number[] = [];
  for (let i = 0; i < bits.length && elements.length < SAMPLE_SIZE; i += stride) elements.push(bits[i]!);
  return elements;
}

function sameBits(a: Int32Array | Uint8Array, b: Int32Array | Uint8Array): boolean {
  if (a.buffer === b.buffer && a.byteOffset === b.byteOffset) return true;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
