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

export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
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

/** Throws unless every size is a positive safe integer. */
export function checkShape(shape: Shape, what: string): void {
  if (!shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `${what}: shape ${formatShape(shape)} must hold positive integers only (tensors here are never empty).`,
    );
  }
}
