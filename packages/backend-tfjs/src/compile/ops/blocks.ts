import { type Shape, sizeOf } from "@diffusion-forcing/core/graph";

/**
 * A shape seen around one axis, as [before, axis, after]. Kernels stop at different ranks, and are slower at high
 * ones; whatever works along single axes therefore works on these three.
 */
export function aroundAxis(shape: Shape, axis: number): [number, number, number] {
  return [sizeOf(shape.slice(0, axis)), shape[axis] as number, sizeOf(shape.slice(axis + 1))];
}

/** `shape` with another size on one axis. */
export function withSize(shape: Shape, axis: number, size: number): number[] {
  return shape.map((old, at) => (at === axis ? size : old));
}
