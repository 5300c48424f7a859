import type { Graph } from "../graph/graph.js";
import type { Value } from "../graph/value.js";
import { allocate } from "../tensor/dtype.js";
import { sizeOf } from "../tensor/shape.js";
import type { HostTensorRecord } from "../tensor/tensor.js";

/** What a runtime keeps for any executable, be its graph ever so small: nodes, plans, kernels. */
const OVERHEAD = 1e6;

const bytesOf = ({ dtype, shape }: Value): number => sizeOf(shape) * allocate(dtype, 0).BYTES_PER_ELEMENT;

/**
 * Roughly how much memory an executable holds between its runs: the constants baked into it, of which runtimes make a copy
 * of their own, and the buffers of its largest moment, which they keep for the next run.
 */
export function residentBytes(graph: Graph, constants: HostTensorRecord = {}): number {
  const baked = Object.values(constants).reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
  const literal = graph.nodes.reduce((sum, node) => (node.op === "constant" ? sum + bytesOf(node) : sum), 0);
  return OVERHEAD + baked + literal + peakBytes(graph);
}

/** The most that intermediate values take at once, each from where it is computed to its last use. */
function peakBytes({ nodes, outputs }: Graph): number {
  const lastUse = new Map<Value, number>();
  nodes.forEach((node, index) => {
    lastUse.set(node, index);
    for (const operand of node.inputs) lastUse.set(operand, index);
  });
  for (const value of Object.values(outputs)) lastUse.set(value, nodes.length);
  const endingAt = new Map<number, number>();
  let live = 0;
  let peak = 0;
  nodes.forEach((node, index) => {
    if (node.op !== "input" && node.op !== "constant") {
      const bytes = bytesOf(node);
      const end = lastUse.get(node) as number;
      live += bytes;
      endingAt.set(end, (endingAt.get(end) ?? 0) + bytes);
    }
    peak = Math.max(peak, live);
    live -= endingAt.get(index) ?? 0;
  });
  return peak;
}
