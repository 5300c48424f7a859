import {
  expandComposites,
  type Graph,
  isComposite,
  maximum,
  mergeCommonSubexpressions,
  minimum,
  mul,
  type OpName,
  opNames,
  rewriteGraph,
  type Value,
} from "@diffusion-forcing/core/graph";

/** Kept whole: all but those whose kernels go through their rows number by number. */
const kept: ReadonlySet<OpName> = new Set(
  opNames.filter((op) => isComposite(op) && !["layerNorm", "standardize", "inverseDeviation"].includes(op)),
);

/**
 * max(x, 0) in place of Relu, and max(min(3e38 x, 1), 0), exact but for denormals, in place of HardSigmoid: those two
 * choose by a branch for every number, which processors cannot predict where signs are random.
 */
function withoutBranches(node: Value): Value {
  const [x] = node.inputs as readonly [Value];
  if (node.op === "relu") return maximum(x, 0);
  if (node.op !== "heaviside") return node;
  const limited = minimum(mul(x, 3e38), 1);
  return isRectified(x) ? limited : maximum(limited, 0);
}

function isRectified({ op, inputs }: Value): boolean {
  const bound = inputs[1];
  return op === "maximum" && bound?.op === "constant" && bound.attributes.data.every((value) => value === 0);
}

/**
 * Puts what ONNX Runtime's WebAssembly (1.30) computes without vector instructions in terms of what it computes with
 * them: Relu takes 20 times as long as Max, HardSigmoid 7 times as long as Mul, Min and Max together.
 */
export function legalizeForWasm(graph: Graph): Graph {
  return mergeCommonSubexpressions(rewriteGraph(expandComposites(graph, kept), withoutBranches));
}
