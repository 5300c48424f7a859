import { type Shape, sizeOf, stridesOf } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../../device/runtime.js";
import type { KernelRule } from "../rule.js";
import type { Scope } from "../scope.js";
import type { Traits } from "../traits.js";
import { aroundAxis, withSize } from "./blocks.js";
import { broadcastTo, runBinary, scalar } from "./broadcast.js";
import { pick, places } from "./pick.js";

/** The largest rank that every engine transposes at. */
const LARGEST_TRANSPOSED_RANK = 4;

export const reshape: KernelRule<"reshape"> = (_node, [x]) => x as NativeTensor;

export const broadcast: KernelRule<"broadcast"> = (node, [x], scope) =>
  broadcastTo(x as NativeTensor, node.shape, scope);

export const transpose: KernelRule<"transpose"> = (node, [x], scope, traits) =>
  transposed(x as NativeTensor, node.attributes.permutation, scope, traits);

/**
 * `x` transposed: axes that stay neighbours are joined, so that almost every transpose has rank 4 at most; any
 * other moves one axis after the other to its place, each a transpose of [done, between, axis, rest].
 */
export function transposed(
  x: NativeTensor,
  permutation: readonly number[],
  scope: Scope,
  traits: Traits,
): NativeTensor {
  const { sizes, order } = joinNeighbours(x.shape, permutation);
  if (order.every((axis, at) => axis === at)) return x;
  if (traits.transposesFloatsOnly && x.dtype !== "float32") return pickTransposed(x, sizes, order, scope);
  if (sizes.length <= LARGEST_TRANSPOSED_RANK) {
    return scope.run("Transpose", { x: scope.reshape(x, sizes) }, { perm: order });
  }
  const axes = sizes.map((_, axis) => axis);
  let result = x;
  order.forEach((axis, place) => {
    const from = axes.indexOf(axis);
    if (from === place) return;
    const size = (list: readonly number[]): number => sizeOf(list.map((i) => sizes[i] as number));
    const blocks = [axes.slice(0, place), axes.slice(place, from), [axis], axes.slice(from + 1)].map(size);
    result = scope.run("Transpose", { x: scope.reshape(result, blocks) }, { perm: [0, 2, 1, 3] });
    axes.splice(from, 1);
    axes.splice(place, 0, axis);
  });
  return result;
}

/** Every element fetched by its place in `x`. */
function pickTransposed(x: NativeTensor, sizes: Shape, order: readonly number[], scope: Scope): NativeTensor {
  const inOrder = (list: readonly number[]): number[] => order.map((axis) => list[axis] as number);
  return pick(x, places(inOrder(sizes), inOrder(stridesOf(sizes))), scope);
}

/** The same transpose with axes of size 1 left out and axes joined that follow each other before and after. */
function joinNeighbours(shape: Shape, permutation: readonly number[]): { sizes: number[]; order: number[] } {
  const groups: number[][] = [];
  for (const axis of permutation) {
    if (shape[axis] === 1) continue;
    const group = groups[groups.length - 1];
    const next = group === undefined ? -1 : nextWideAxis(shape, group[group.length - 1] as number);
    if (group !== undefined && next === axis) group.push(axis);
    else groups.push([axis]);
  }
  const inStorage = [...groups].sort((a, b) => (a[0] as number) - (b[0] as number));
  return {
    sizes: inStorage.map((group) => sizeOf(group.map((axis) => shape[axis] as number))),
    order: groups.map((group) => inStorage.indexOf(group)),
  };
}

function nextWideAxis(shape: Shape, axis: number): number {
  return shape.findIndex((size, at) => at > axis && size !== 1);
}

/**
 * One cut after the other, each around its axis. A stride picks by Gather: StridedSlice on wasm calls its result
 * float32 whatever it holds.
 */
export const slice: KernelRule<"slice"> = (node, [operand], scope) => {
  const { starts, ends, strides } = node.attributes;
  let x = operand as NativeTensor;
  let shape: Shape = x.shape;
  node.shape.forEach((size, axis) => {
    const [start, end, stride] = [starts[axis] as number, ends[axis] as number, strides[axis] as number];
    if (start === 0 && end === shape[axis] && stride === 1) return;
    const [before, , after] = aroundAxis(shape, axis);
    const blocks = scope.reshape(x, aroundAxis(shape, axis));
    if (stride === 1) {
      x = scope.run("Slice", { x: blocks }, { begin: [0, start, 0], size: [before, size, after] });
    } else {
      const indices = scope.write(
        Int32Array.from({ length: size }, (_, i) => start + i * stride),
        [size],
        "int32",
      );
      x = scope.run("GatherV2", { x: blocks, indices }, { axis: 1, batchDims: 0 });
    }
    shape = withSize(shape, axis, size);
  });
  return x;
};

export const pad: KernelRule<"pad"> = (node, [operand], scope) => {
  const { low, high, value } = node.attributes;
  let x = operand as NativeTensor;
  let shape: Shape = x.shape;
  // Kernels take the value as float32: a larger integer is what the elements are shifted by instead.
  const shift = node.dtype === "int32" && Math.fround(value) !== value ? scalar(value, "int32", scope) : undefined;
  if (shift !== undefined) x = runBinary("Sub", x, shift, shape, scope);
  node.shape.forEach((size, axis) => {
    const amounts = [low[axis] as number, high[axis] as number];
    if (size === shape[axis]) return;
    const paddings = [[0, 0], amounts, [0, 0]];
    x = scope.run(
      "PadV2",
      { x: scope.reshape(x, aroundAxis(shape, axis)) },
      { paddings, constantValue: shift === undefined ? value : 0 },
    );
    shape = withSize(shape, axis, size);
  });
  return shift === undefined ? x : runBinary("Add", x, shift, shape, scope);
};

export const concat: KernelRule<"concat"> = (node, operands, scope) => {
  const { axis } = node.attributes;
  const before = sizeOf(node.shape.slice(0, axis));
  const rows = operands.map((x) => scope.reshape(x, [before, sizeOf(x.shape) / before]));
  return scope.run("Concat", rows, { axis: 1 });
};
