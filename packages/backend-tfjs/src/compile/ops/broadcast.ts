import { allocate, type DType, type Shape, shapesEqual, sizeOf } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../../device/runtime.js";
import type { Scope } from "../scope.js";
import { aroundAxis, withSize } from "./blocks.js";

/** The largest rank that every engine broadcasts at. */
const LARGEST_RANK = 4;

/** `shape` with leading axes of size 1 up to a rank. */
function extended(shape: Shape, rank: number): number[] {
  return [...Array<number>(rank - shape.length).fill(1), ...shape];
}

/** Repeats `x` to fill `shape`: one Tile of rank 3 for each run of neighbouring axes that repeat. */
export function broadcastTo(x: NativeTensor, shape: Shape, scope: Scope): NativeTensor {
  let from = extended(x.shape, shape.length);
  let result = x;
  for (let axis = 0; axis < shape.length; axis++) {
    if (from[axis] === shape[axis]) continue;
    let end = axis + 1;
    while (end < shape.length && from[end] === 1) end++;
    const times = sizeOf(shape.slice(axis, end));
    const [before] = aroundAxis(from, axis);
    const after = sizeOf(from.slice(end));
    result = scope.run("Tile", { x: scope.reshape(result, [before, 1, after]) }, { reps: [1, times, 1] });
    for (let repeated = axis; repeated < end; repeated++) {
      from = withSize(from, repeated, shape[repeated] as number);
    }
    axis = end - 1;
  }
  return scope.reshape(result, shape);
}

/**
 * Two shapes that broadcast, neighbouring axes joined where both shapes go the same way along them: [8, 4, 1, 3] and
 * [1, 3] become [32, 3] and [1, 3].
 */
export function joinedAxes(a: Shape, b: Shape): [number[], number[]] {
  const rank = Math.max(a.length, b.length);
  const [left, right] = [extended(a, rank), extended(b, rank)];
  const joined: [number[], number[]] = [[], []];
  let last = "";
  for (let axis = 0; axis < rank; axis++) {
    const [m, n] = [left[axis] as number, right[axis] as number];
    if (m === 1 && n === 1) continue;
    const way = m === n ? "both" : m === 1 ? "right" : "left";
    if (way === last) {
      joined[0].push((joined[0].pop() as number) * m);
      joined[1].push((joined[1].pop() as number) * n);
    } else {
      joined[0].push(m);
      joined[1].push(n);
    }
    last = way;
  }
  return joined;
}

/**
 * Runs a kernel of two broadcast operands. The result has `shape`, whatever shape the kernel saw: it may itself be
 * broadcast against another.
 */
export function runBinary(name: string, a: NativeTensor, b: NativeTensor, shape: Shape, scope: Scope): NativeTensor {
  const [left, right] = joinedAxes(a.shape, b.shape);
  if (left.length <= LARGEST_RANK) {
    return scope.reshape(scope.run(name, { a: scope.reshape(a, left), b: scope.reshape(b, right) }), shape);
  }
  const size = [sizeOf(shape)];
  const [filledA, filledB] = [a, b].map((operand) =>
    shapesEqual(operand.shape, shape) ? operand : broadcastTo(operand, shape, scope),
  ) as [NativeTensor, NativeTensor];
  return scope.reshape(scope.run(name, { a: scope.reshape(filledA, size), b: scope.reshape(filledB, size) }), shape);
}

/** One element of any dtype. */
export function scalar(value: number, dtype: string, scope: Scope): NativeTensor {
  return scope.write(allocate(dtype as DType, 1).fill(value), [], dtype);
}
