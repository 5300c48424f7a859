import { describe } from "../describe.js";
import { DiffusionForcingError } from "../errors.js";

/** Sizes of a tensor's axes, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const axis of shape) size *= axis;
  return size;
}

export function shapesEqual(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** For messages: short, however many axes somebody asks for. */
export function formatShape(shape: Shape): string {
  const shown = shape.slice(0, 16).join(", ");
  return shape.length <= 16 ? `[${shown}]` : `[${shown}, ... (${shape.length} axes)]`;
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** The common shape of two operands under NumPy's broadcasting rules, or undefined when there is none. */
export function broadcastShapes(a: Shape, b: Shape): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    result[rank - i] = x === 1 ? y : x;
  }
  return result;
}

/** Strides of `from` seen as if broadcast to `to`: 0 along every axis that repeats. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = stridesOf(from);
  return to.map((_, axis) => {
    const ownAxis = axis - (to.length - from.length);
    return ownAxis < 0 || from[ownAxis] === 1 ? 0 : (own[ownAxis] as number);
  });
}

/** Maps a possibly negative axis into 0..rank-1. */
export function normalizeAxis(axis: number, rank: number, what: string): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${what}: axis ${axis} does not exist in a tensor of rank ${rank}; expected an integer from ${-rank} to ${rank - 1}.`,
    );
  }
  return normalized;
}

function isFull(values: readonly unknown[]): boolean {
  return !values.includes(undefined);
}

/** Whether `shape` is an array of whole numbers from `least`. */
export function isShape(shape: unknown, least: 0 | 1): shape is Shape {
  // `every` passes over holes.
  return Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= least) && isFull(shape);
}

/**
 * Throws unless every size is a positive safe integer. Values in a graph are never empty; host tensors may be, for whom
 * `least` is 0.
 */
export function checkShape(shape: unknown, what: string, least: 0 | 1 = 1): asserts shape is Shape {
  if (isShape(shape, least)) return;
  const advice = isShape(shape, 0) ? " Values in a graph are never empty: leave out what has no elements." : "";
  throw new DiffusionForcingError(
    "shape-mismatch",
    `${what}: the shape is ${describe(shape)}; expected an array of whole numbers from ${least}.${advice}`,
  );
}
