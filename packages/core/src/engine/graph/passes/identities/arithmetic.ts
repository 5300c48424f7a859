import type { OpName, Value, ValueOf } from "../../value.js";
import { fitShape, type Identity, isUniformly, type Make, uniformValue } from "./identity.js";

/** f(broadcast(a), ...) = broadcast(f(a, ...)): elementwise ops repeat their operands by themselves. */
export const sinkBroadcast: Identity<OpName> = {
  name: "f(broadcast(a), b) = broadcast(f(a, b))",
  rewrite: (node, make) => {
    if (!node.inputs.some((operand) => operand.op === "broadcast")) return undefined;
    const sources = node.inputs.map((operand) => (operand.op === "broadcast" ? (operand.inputs[0] as Value) : operand));
    return fitShape(make(node.op, sources, node.attributes), node.shape, make);
  },
};

/** f(f(x)) = x. */
export const involution: Identity<"neg" | "not"> = {
  name: "f(f(x)) = x",
  rewrite: ({ op, inputs: [x] }) => (x?.op === op ? x.inputs[0] : undefined),
};

/** The operand that is left when the other one is a constant whose elements all equal `neutral`. */
function besideNeutral(
  node: ValueOf<OpName>,
  neutral: number,
  make: Make,
  sides: readonly number[],
): Value | undefined {
  const side = sides.find((index) => isUniformly(node.inputs[index] as Value, neutral));
  return side === undefined ? undefined : fitShape(node.inputs[1 - side] as Value, node.shape, make);
}

export const addZero: Identity<"add"> = {
  name: "x + 0 = x",
  rewrite: (node, make) => besideNeutral(node, 0, make, [0, 1]),
};

export const addNegated: Identity<"add"> = {
  name: "a + -b = a - b",
  rewrite: ({ inputs: [a, b] }, make) => {
    if (b?.op === "neg") return make("sub", [a as Value, b.inputs[0] as Value], {});
    if (a?.op === "neg") return make("sub", [b as Value, a.inputs[0] as Value], {});
    return undefined;
  },
};

/** Exact, and the factor joins those that follow: the derivative of a square ends up as one product. */
export const addSame: Identity<"add"> = {
  name: "x + x = x 2",
  rewrite: (node, make) => {
    const [a, b] = node.inputs;
    return a !== undefined && a === b && node.dtype === "float32" ? scale(a, 2, node, make) : undefined;
  },
};

export const subtractZero: Identity<"sub"> = {
  name: "x - 0 = x",
  rewrite: (node, make) => besideNeutral(node, 0, make, [1]),
};

export const subtractNegated: Identity<"sub"> = {
  name: "a - -b = a + b",
  rewrite: ({ inputs: [a, b] }, make) =>
    b?.op === "neg" ? make("add", [a as Value, b.inputs[0] as Value], {}) : undefined,
};

export const negateDifference: Identity<"neg"> = {
  name: "-(a - b) = b - a",
  rewrite: ({ inputs: [x] }, make) =>
    x?.op === "sub" ? make("sub", [x.inputs[1] as Value, x.inputs[0] as Value], {}) : undefined,
};

/** Not x 0 = 0: infinities and NaN would be lost. */
export const multiplyByOne: Identity<"mul"> = {
  name: "x 1 = x",
  rewrite: (node, make) => besideNeutral(node, 1, make, [0, 1]),
};

export const divideByOne: Identity<"div"> = {
  name: "x / 1 = x",
  rewrite: (node, make) => besideNeutral(node, 1, make, [1]),
};

/** `x c` taken apart, if one factor is a float32 constant of equal elements. */
function scaling(node: Value | undefined): { x: Value; factor: number } | undefined {
  if (node?.op !== "mul" || node.dtype !== "float32") return undefined;
  const [a, b] = node.inputs as readonly [Value, Value];
  const ofA = uniformValue(a);
  if (ofA !== undefined) return { x: b, factor: ofA };
  const ofB = uniformValue(b);
  return ofB === undefined ? undefined : { x: a, factor: ofB };
}

function scale(x: Value, factor: number, node: Value, make: Make): Value {
  const constant = make("constant", [], { data: Float32Array.of(factor), shape: [] });
  return fitShape(make("mul", [x, constant], {}), node.shape, make);
}

export const multiplyByMinusOne: Identity<"mul"> = {
  name: "x -1 = -x",
  rewrite: (node, make) => {
    const outer = scaling(node);
    return outer?.factor === -1 ? fitShape(make("neg", [outer.x], {}), node.shape, make) : undefined;
  },
};

const SMALLEST_NORMAL = 2 ** -126;

/** Only where the product of the constants neither overflows nor loses digits. */
export const mergeScalings: Identity<"mul"> = {
  name: "(x c) d = x (c d)",
  rewrite: (node, make) => {
    const outer = scaling(node);
    const inner = scaling(outer?.x);
    if (outer === undefined || inner === undefined) return undefined;
    const product = Math.fround(outer.factor * inner.factor);
    if (!Number.isFinite(product) || Math.abs(product) < SMALLEST_NORMAL) return undefined;
    return scale(inner.x, product, node, make);
  },
};

export const scaleNegated: Identity<"mul"> = {
  name: "-x c = x (-c)",
  rewrite: (node, make) => {
    const outer = scaling(node);
    return outer?.x.op === "neg" ? scale(outer.x.inputs[0] as Value, -outer.factor, node, make) : undefined;
  },
};

export const negateScaling: Identity<"neg"> = {
  name: "-(x c) = x (-c)",
  rewrite: (node, make) => {
    const inner = scaling(node.inputs[0]);
    return inner === undefined ? undefined : scale(inner.x, -inner.factor, node, make);
  },
};

export const multiplyNegated: Identity<"mul"> = {
  name: "-a -b = a b",
  rewrite: ({ inputs: [a, b] }, make) =>
    a?.op === "neg" && b?.op === "neg" ? make("mul", [a.inputs[0] as Value, b.inputs[0] as Value], {}) : undefined,
};

export const castToSame: Identity<"cast"> = {
  name: "cast to the dtype it has",
  rewrite: ({ inputs: [x], dtype }) => (x?.dtype === dtype ? x : undefined),
};

/** Gradients have been taken by the time a graph is rewritten; a barrier that orders work stays. */
export const dropMark: Identity<"barrier"> = {
  name: "the mark of a block's end",
  rewrite: ({ inputs: [x], attributes }) => (attributes.recompute ? x : undefined),
};

/** Gradients have been taken by the time a graph is rewritten. */
export const dropStopGradient: Identity<"stopGradient"> = {
  name: "stopGradient(x) = x",
  rewrite: ({ inputs: [x] }) => x,
};
