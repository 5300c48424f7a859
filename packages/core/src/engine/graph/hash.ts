import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { canonicalAttributes } from "./canonical.js";
import { checkGraph, type Graph } from "./graph.js";
import type { Value } from "./value.js";

function constantBytes(node: Value): Uint8Array {
  if (node.op !== "constant") return new Uint8Array(0);
  const { data } = node.attributes;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * SHA-256 over structure, types, attributes, constants and names, as 64 hexadecimal digits. Two graphs with the
 * same hash compute the same; node identity does not enter. Keys the compile cache.
 */
export function hashGraph(graph: Graph): string {
  checkGraph("hashGraph", graph);
  const hash = sha256.create();
  const numbers = new Map<Value, number>();
  graph.nodes.forEach((node, index) => {
    numbers.set(node, index);
    const operands = node.inputs.map((operand) => numbers.get(operand));
    hash.update(utf8ToBytes(JSON.stringify([node.op, node.dtype, node.shape, operands, canonicalAttributes(node)])));
    hash.update(constantBytes(node));
  });
  const outputs = Object.entries(graph.outputs).map(([name, value]) => [name, numbers.get(value)]);
  const inputs = graph.inputs.map((input) => numbers.get(input));
  hash.update(utf8ToBytes(JSON.stringify([inputs, outputs])));
  return bytesToHex(hash.digest());
}
