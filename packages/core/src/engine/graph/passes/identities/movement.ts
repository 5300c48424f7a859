import { shapesEqual, sizeOf } from "../../../tensor/shape.js";
import type { Value } from "../../value.js";
import type { Identity } from "./identity.js";

/** For ops whose result, when it has the operand's shape, is the operand. */
export const keepsShape: Identity<"reshape" | "broadcast" | "slice" | "pad" | "concat"> = {
  name: "the shape stays: f(x) = x",
  rewrite: ({ inputs: [x], shape }) => (shapesEqual((x as Value).shape, shape) ? x : undefined),
};

export const reshapeTwice: Identity<"reshape"> = {
  name: "reshape(reshape(x)) = reshape(x)",
  rewrite: ({ inputs: [x], attributes }, make) =>
    x?.op === "reshape" ? make("reshape", x.inputs, attributes) : undefined,
};

/** Whatever its size: the elements are shared. */
export const reshapeConstant: Identity<"reshape"> = {
  name: "reshape(constant) = constant",
  rewrite: ({ inputs: [x], shape }, make) =>
    x?.op === "constant" ? make("constant", [], { data: x.attributes.data, shape }) : undefined,
};

export const broadcastTwice: Identity<"broadcast"> = {
  name: "broadcast(broadcast(x)) = broadcast(x)",
  rewrite: ({ inputs: [x], attributes }, make) =>
    x?.op === "broadcast" ? make("broadcast", x.inputs, attributes) : undefined,
};

export const broadcastWithoutCopies: Identity<"broadcast"> = {
  name: "broadcast that repeats nothing = reshape",
  rewrite: ({ inputs: [x], shape }, make) =>
    sizeOf((x as Value).shape) === sizeOf(shape) ? make("reshape", [x as Value], { shape }) : undefined,
};

export const transposeTwice: Identity<"transpose"> = {
  name: "transpose(transpose(x)) = transpose(x)",
  rewrite: ({ inputs: [x], attributes }, make) => {
    if (x?.op !== "transpose") return undefined;
    const permutation = attributes.permutation.map((axis) => x.attributes.permutation[axis] as number);
    return make("transpose", x.inputs, { permutation });
  },
};

/** Includes the permutation that moves nothing at all. */
export const transposeInOrder: Identity<"transpose"> = {
  name: "transpose that moves only axes of size 1 = reshape",
  rewrite: ({ inputs: [x], attributes, shape }, make) => {
    const longAxes = attributes.permutation.filter((axis) => (x as Value).shape[axis] !== 1);
    const inOrder = longAxes.every((axis, i) => i === 0 || axis > (longAxes[i - 1] as number));
    return inOrder ? make("reshape", [x as Value], { shape }) : undefined;
  },
};

export const reduceUnitAxes: Identity<"sum" | "max"> = {
  name: "reduction of axes of size 1 = reshape",
  rewrite: ({ inputs: [x], attributes, shape }, make) =>
    attributes.axes.every((axis) => (x as Value).shape[axis] === 1)
      ? make("reshape", [x as Value], { shape })
      : undefined,
};

function swapsLastTwoAxes(permutation: readonly number[]): boolean {
  const rank = permutation.length;
  return permutation.every((axis, i) => axis === (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2));
}

/** The matrix x holds, if x is a transposed one. */
function untransposed(x: Value): Value | undefined {
  return x.op === "transpose" && swapsLastTwoAxes(x.attributes.permutation) ? x.inputs[0] : undefined;
}

export const absorbTranspose: Identity<"matmul"> = {
  name: "matmul(transpose(a), b) = matmul(a, b) with its flag turned",
  rewrite: ({ inputs, attributes: { transposeA, transposeB } }, make) => {
    const [a, b] = inputs as readonly [Value, Value];
    const plainA = untransposed(a);
    if (plainA !== undefined) return make("matmul", [plainA, b], { transposeA: !transposeA, transposeB });
    const plainB = untransposed(b);
    if (plainB !== undefined) return make("matmul", [a, plainB], { transposeA, transposeB: !transposeB });
    return undefined;
  },
};
