import { sizeOf } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../../device/runtime.js";
import type { KernelRule } from "../rule.js";
import type { Scope } from "../scope.js";
import type { Traits } from "../traits.js";
import { transposed } from "./movement.js";

/** The operand as [kept, reduced]: the reduced axes moved to the end, which is where kernels reduce. */
export function reduceLast<K extends "sum" | "max">(
  reduce: (rows: NativeTensor, scope: Scope, traits: Traits) => NativeTensor,
): KernelRule<K> {
  return (node, [operand], scope, traits) => {
    const x = operand as NativeTensor;
    const { axes } = node.attributes;
    const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    const moved = transposed(x, [...kept, ...axes], scope, traits);
    const reduced = sizeOf(axes.map((axis) => x.shape[axis] as number));
    const rows = scope.reshape(moved, [sizeOf(x.shape) / reduced, reduced]);
    return reduce(rows, scope, traits);
  };
}

/** Above this many elements, a float32 sum in a row may be wrong in the fifth digit. */
const LONGEST_ROW = 1024;

/** [rows, n] -> [rows], the long way by sums of about sqrt(n) parts of about sqrt(n) elements. */
function sumOfRows(x: NativeTensor, scope: Scope, { sumsInARow }: Traits): NativeTensor {
  const [rows, columns] = x.shape as [number, number];
  const addUp = (of: NativeTensor): NativeTensor => scope.run("Sum", { x: of }, { axis: [1], keepDims: false });
  if (!sumsInARow || x.dtype !== "float32" || columns <= LONGEST_ROW) return addUp(x);
  const length = Math.ceil(Math.sqrt(columns));
  const parts = Math.ceil(columns / length);
  const paddings = [
    [0, 0],
    [0, parts * length - columns],
  ];
  const filled = parts * length === columns ? x : scope.run("PadV2", { x }, { paddings, constantValue: 0 });
  const sums = addUp(scope.reshape(filled, [rows * parts, length]));
  return addUp(scope.reshape(sums, [rows, parts]));
}

export const sum: KernelRule<"sum"> = reduceLast(sumOfRows);
export const max: KernelRule<"max"> = reduceLast((x, scope) =>
  scope.run("Max", { x }, { reductionIndices: [1], keepDims: false }),
);

export const softmax: KernelRule<"softmax"> = (node, [x], scope) => {
  const columns = node.shape[node.shape.length - 1] as number;
  const rows = scope.reshape(x as NativeTensor, [sizeOf(node.shape) / columns, columns]);
  return scope.run("Softmax", { logits: rows }, { dim: 1 });
};
