import { tensor } from "@diffusion-forcing/core";
import {
  and,
  cast,
  constant,
  emit,
  type Graph,
  gather,
  heaviside,
  maximum,
  mean,
  mergeCommonSubexpressions,
  neg,
  not,
  type OpAttributes,
  type OpName,
  pad,
  reshape,
  rewriteGraph,
  sizeOf,
  sub,
  type Value,
  type ValueOf,
  where,
} from "@diffusion-forcing/core/graph";
import { cosine, sine } from "./sine.js";

/** The node in other ops, or undefined to leave it as it is. */
type Legalization<K extends OpName> = (node: ValueOf<K>) => Value | undefined;

const operandsOf = (node: Value): readonly Value[] => node.inputs;
const onInt32 = (make: (x: Value) => Value) => (node: Value) =>
  node.dtype === "int32" ? make(node.inputs[0] as Value) : undefined;

/** Computes on 0 and 1 in float32 what has no kernel for bools, and goes back to bool. */
function throughFloat(node: Value): Value | undefined {
  if (node.inputs[0]?.dtype !== "bool") return undefined;
  const operands = node.inputs.map((operand) => cast(operand, "float32"));
  const result = emit<OpName>(node.op, operands, node.attributes as OpAttributes[OpName]) as Value;
  return result.dtype === "bool" ? result : cast(result, "bool");
}

/** -1, 0 or 1 of float32. */
const signOfFloat = (x: Value): Value => sub(heaviside(x), heaviside(neg(x)));

/** Where the slice's elements stand in the flat operand: int32 of the slice's shape. */
function flatPositions({ attributes, shape, inputs }: ValueOf<"slice">): Int32Array {
  const whole = (inputs[0] as Value).shape;
  const positions = new Int32Array(sizeOf(shape));
  for (let i = 0; i < positions.length; i++) {
    let [rest, stride] = [i, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] as number;
      const along = (attributes.starts[axis] as number) + (rest % size) * (attributes.strides[axis] as number);
      (positions[i] as number) += along * stride;
      rest = Math.floor(rest / size);
      stride *= whole[axis] as number;
    }
  }
  return positions;
}

/**
 * LayerNormalization computes the variance as E[x^2] - E[x]^2, which loses its digits where the mean is far from 0:
 * its rows are centred first, which changes none of its results.
 */
function ofCentred(node: Value): Value {
  const [x, ...others] = node.inputs as readonly [Value, ...Value[]];
  const centred = sub(x, mean(x, -1, true));
  return emit<OpName>(node.op, [centred, ...others], node.attributes as OpAttributes[OpName]) as Value;
}

/**
 * Convolutions with other borders before than after an axis come out wrong: the image is padded first. The conformance
 * kit's random graphs found it.
 */
function withEvenBorders(node: Value): Value | undefined {
  const [x, weight] = node.inputs as [Value, Value];
  const attributes = node.attributes as OpAttributes["conv2d"];
  const { low, high } = attributes;
  if (low.every((border, axis) => border === high[axis])) return undefined;
  const padded = [0, 1].reduce((image, axis) => pad(image, axis + 2, low[axis] as number, high[axis] as number), x);
  return emit("conv2d", [padded, weight], { ...attributes, low: [0, 0], high: [0, 0] });
}

/**
 * What ONNX Runtime's WebGPU provider (1.30) has no kernel for, in ops that it has kernels for. Found by compiling
 * every conformance case with `disable_cpu_ep_fallback`; a test does so again.
 */
const legalizations: { readonly [K in OpName]?: Legalization<K> } = {
  neg: onInt32((x) => sub(0, x)),
  abs: onInt32((x) => maximum(x, sub(0, x))),
  sign: (node) => {
    const [x] = operandsOf(node) as [Value];
    return node.dtype === "int32" ? cast(signOfFloat(cast(x, "float32")), "int32") : signOfFloat(x);
  },
  sin: (node) => sine(node.inputs[0] as Value),
  cos: (node) => cosine(node.inputs[0] as Value),
  or: (node) => {
    const [a, b] = operandsOf(node) as [Value, Value];
    return not(and(not(a), not(b)));
  },
  equal: throughFloat,
  where: (node) => {
    if (node.dtype !== "bool") return undefined;
    const [condition, a, b] = operandsOf(node) as [Value, Value, Value];
    return cast(where(condition, cast(a, "float32"), cast(b, "float32")), "bool");
  },
  slice: (node) => {
    if (node.dtype !== "int32") return throughFloat(node);
    const [x] = operandsOf(node) as [Value];
    const positions = constant(tensor(flatPositions(node), node.shape));
    return gather(reshape(x, [sizeOf(x.shape)]), positions);
  },
  pad: throughFloat,
  concat: throughFloat,
  transpose: throughFloat,
  conv2d: withEvenBorders,
  standardize: ofCentred,
  inverseDeviation: ofCentred,
  layerNorm: ofCentred,
};

/** Rewrites the nodes that would otherwise run on the CPU, with copies to and fro. */
export function legalizeForWebGpu(graph: Graph): Graph {
  const legal = rewriteGraph(graph, (node) => {
    const legalize = legalizations[node.op] as Legalization<OpName> | undefined;
    return legalize?.(node as ValueOf<OpName>) ?? node;
  });
  return mergeCommonSubexpressions(legal);
}
