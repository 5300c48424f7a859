import type { HostTensorRecord } from "@diffusion-forcing/core";
import { breathe } from "@diffusion-forcing/core/backend";
import {
  bakeConstants,
  emit,
  expandComposites,
  foldConstants,
  type Graph,
  mergeCommonSubexpressions,
  optimizeInTurns,
  rewriteGraph,
  type Value,
} from "@diffusion-forcing/core/graph";
import { preciseCos, preciseSin } from "./precise-trigonometry.js";
import type { Traits } from "./traits.js";

/**
 * The graph an engine interprets: constants in, composites without a kernel out, simplified. The passes take turns with
 * whatever else waits for the thread.
 */
export async function prepareGraph(graph: Graph, constants: HostTensorRecord, traits: Traits): Promise<Graph> {
  const baked = bakeConstants(graph, constants);
  const sound = traits.coarseTrigonometry ? rewriteGraph(baked, withPreciseTrigonometry) : baked;
  await breathe();
  const expanded = expandComposites(await optimizeInTurns(sound, breathe), traits.whole);
  await breathe();
  const simplified = await optimizeInTurns(expanded, breathe);
  if (!traits.transposesBeforeProducts) return simplified;
  const plain = foldConstants(rewriteGraph(simplified, withPlainOperands));
  await breathe();
  return mergeCommonSubexpressions(plain);
}

function withPreciseTrigonometry(node: Value): Value {
  if (node.op === "sin") return preciseSin(node.inputs[0] as Value);
  if (node.op === "cos") return preciseCos(node.inputs[0] as Value);
  return node;
}

/** A product of transposed operands as a product of transposes, which several products of one operand then share. */
function withPlainOperands(node: Value): Value {
  if (node.op !== "matmul") return node;
  const [a, b] = node.inputs as [Value, Value];
  const { transposeA, transposeB } = node.attributes;
  if (!transposeA && !transposeB) return node;
  const operands = [transposeA ? exchanged(a) : a, transposeB ? exchanged(b) : b];
  return emit("matmul", operands, { transposeA: false, transposeB: false });
}

function exchanged(x: Value): Value {
  const last = x.shape.length - 1;
  const permutation = x.shape.map((_, axis) => (axis < last - 1 ? axis : 2 * last - 1 - axis));
  return emit("transpose", [x], { permutation });
}
