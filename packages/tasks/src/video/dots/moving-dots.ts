import { type HostTensor, type RandomStream, tensor, zeros } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { checkAxes, checkRandom } from "../../option-schemas.js";

/** Height and width of the dot, in pixels. */
const DOT = 2;

export interface MovingDotsOptions {
  /** Sequences. */
  readonly batch: number;
  /** Frames of each. */
  readonly length: number;
  /** Height and width of a frame, in pixels; at least 4. Default 8. */
  readonly size?: number;
}

const optionsSchema = v.strictObject({
  batch: schemas.integer(1),
  length: schemas.integer(1),
  size: v.optional(schemas.integer(2 * DOT), 8),
});

/** Row and column of a dot's upper left pixel. */
export interface DotPosition {
  readonly row: number;
  readonly column: number;
}

/**
 * The smallest video world: a bright dot of 2 by 2 pixels starts anywhere, moves by one pixel a frame in both
 * directions and bounces off the walls. Pixels are 1 in the dot and -1 elsewhere. The first two frames tell the rest.
 *
 * @returns float32 [batch, length, 1, size, size]
 * @throws `invalid-argument`
 */
export function movingDots(options: MovingDotsOptions, random: RandomStream): HostTensor<"float32"> {
  const { batch, length, size } = check("movingDots", optionsSchema, options);
  checkRandom("movingDots", random);
  const data = zeros("float32", [batch, length, size, size]).data.fill(-1);
  const last = size - DOT;
  for (let sequence = 0; sequence < batch; sequence++) {
    const [rows, columns] = [walk(last, length, random), walk(last, length, random)];
    for (let frame = 0; frame < length; frame++) {
      const start = (sequence * length + frame) * size * size;
      for (let i = 0; i < DOT; i++) {
        const from = start + ((rows[frame] as number) + i) * size + (columns[frame] as number);
        data.fill(1, from, from + DOT);
      }
    }
  }
  return tensor(data, [batch, length, 1, size, size]);
}

/** Positions 0..last, one step a frame, turning round at both ends. */
function walk(last: number, length: number, random: RandomStream): number[] {
  let position = random.integer(0, last + 1);
  let step = random.integer(0, 2) === 0 ? -1 : 1;
  return Array.from({ length }, () => {
    const here = position;
    if (here + step < 0 || here + step > last) step = -step;
    position = here + step;
    return here;
  });
}

/**
 * Where the dot is in each frame [batch][length], or undefined where the bright pixels (above 0) of a frame are not
 * exactly one dot.
 *
 * @param frames float32 [batch, length, 1, size, size]
 * @throws `shape-mismatch` for other axes
 */
export function findDots(frames: HostTensor): (DotPosition | undefined)[][] {
  const { shape, data } = checkAxes("findDots: the frames", frames, ["B", "T", 1, "size", "size"]);
  const [batch, length, , size] = shape as [number, number, number, number];
  return Array.from({ length: batch }, (_, sequence) =>
    Array.from({ length }, (_, frame) => {
      const start = (sequence * length + frame) * size * size;
      return dotIn(data.subarray(start, start + size * size), size);
    }),
  );
}

function dotIn(pixels: ArrayLike<number>, size: number): DotPosition | undefined {
  const bright = Array.from(pixels, (value, at) => (value > 0 ? at : -1)).filter((at) => at >= 0);
  const [first] = bright;
  if (first === undefined) return undefined;
  const [row, column] = [Math.floor(first / size), first % size];
  const dot = [first, first + 1, first + size, first + size + 1];
  const isDot = column <= size - DOT && bright.length === dot.length && dot.every((at, i) => at === bright[i]);
  return isDot ? { row, column } : undefined;
}

/** Of all frames, the share that shows exactly one dot; of all pairs of neighbours, the share in which it moved as it must. */
export interface DotScores {
  readonly oneDot: number;
  readonly moved: number;
}

/** @param frames float32 [batch, length, 1, size, size] @throws as {@link findDots}; no frames score 0 */
export function scoreDots(frames: HostTensor): DotScores {
  const sequences = findDots(frames);
  const all = sequences.flat();
  const pairs = sequences.flatMap((dots) => dots.slice(1).map((dot, i) => [dots[i], dot] as const));
  const isStep = (a: number, b: number): boolean => Math.abs(a - b) === 1;
  const steps = pairs.filter(
    ([a, b]) => a !== undefined && b !== undefined && isStep(a.row, b.row) && isStep(a.column, b.column),
  );
  return {
    oneDot: all.filter(Boolean).length / Math.max(1, all.length),
    moved: steps.length / Math.max(1, pairs.length),
  };
}
