import type { HostTensor } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { checkAxes } from "../option-schemas.js";
import { corners } from "./crosses.js";

/**
 * What a trajectory is, by where it goes:
 * - `cross`: from a corner through the centre to the opposite corner;
 * - `v`: from a corner through the centre to a neighbouring corner;
 * - `back`: from a corner to the centre and back to that corner;
 * - `other`: anything else.
 */
export type Shape = "cross" | "v" | "back" | "other";

/** How far, in each trajectory's first and last position, from a corner (Euclidean distance); the side has length 2. */
const CORNER_RADIUS = 0.3;
/** How near a trajectory has to come to the centre. */
const CENTRE_RADIUS = 0.15;
/** How far a position may lie from the two arms, the straight lines from the centre to the two corners. */
const ARM_WIDTH = 0.2;
/** How far backwards along its arm a trajectory may jump from one position to the next. */
const BACKWARDS = 0.2;

type Positions = readonly (readonly [number, number])[];

const positionsSchema = v.array(
  schemas.satisfying<readonly [number, number]>(
    "two numbers, x and y",
    (value) => Array.isArray(value) && value.length === 2 && value.every((place) => typeof place === "number"),
  ),
  "positions of two numbers each",
);

/**
 * The geometric rule. A trajectory of the positions p_0 .. p_n is a `cross`, `v` or `back` if
 * 1. p_0 and p_n lie within 0.3 of a corner, which name the shape,
 * 2. some position lies within 0.15 of the centre,
 * 3. every position up to the one nearest to the centre lies within 0.2 of the line from the first corner to the centre, and
 *    every later one within 0.2 of the line from the centre to the last corner,
 * 4. the distance from the centre never rises by more than 0.2 a step before that position and never falls by more than
 *    0.2 a step after it.
 *
 * What holds NaN, as an untrained model may draw it, is `other`.
 *
 * @param positions [T][2], x and y
 * @throws `invalid-argument`
 */
export function shapeOf(positions: Positions): Shape {
  return ruledShape(check("shapeOf", positionsSchema, positions));
}

function ruledShape(positions: Positions): Shape {
  const [first, last] = [cornerAt(positions[0]), cornerAt(positions.at(-1))];
  if (first === undefined || last === undefined) return "other";
  const distances = positions.map(([x, y]) => Math.hypot(x, y));
  const turn = distances.indexOf(
    distances.reduce((least, distance) => Math.min(least, distance), Number.POSITIVE_INFINITY),
  );
  if ((distances[turn] as number) > CENTRE_RADIUS) return "other";
  const isFollowed = positions.every((position, t) => distanceToArm(position, t <= turn ? first : last) <= ARM_WIDTH);
  const isSteady = distances.every((distance, t) => {
    const rise = t === 0 ? 0 : distance - (distances[t - 1] as number);
    return t <= turn ? rise <= BACKWARDS : rise >= -BACKWARDS;
  });
  if (!isFollowed || !isSteady) return "other";
  const apart = (last - first + corners.length) % corners.length;
  return apart === 0 ? "back" : apart === 2 ? "cross" : "v";
}

/** The shape of every trajectory. @param trajectories [B, T, 2] @throws `shape-mismatch` for other axes */
export function shapesOf(trajectories: HostTensor): Shape[] {
  const { shape, data } = checkAxes("shapesOf: the trajectories", trajectories, ["B", "T", 2]);
  const [batch, length] = shape as [number, number];
  return Array.from({ length: batch }, (_, b) =>
    ruledShape(
      Array.from({ length }, (_, t) => {
        const at = (b * length + t) * 2;
        return [data[at] as number, data[at + 1] as number] as const;
      }),
    ),
  );
}

function cornerAt(position: readonly [number, number] | undefined): number | undefined {
  if (position === undefined) return undefined;
  const found = corners.findIndex(([x, y]) => Math.hypot(position[0] - x, position[1] - y) <= CORNER_RADIUS);
  return found < 0 ? undefined : found;
}

/** From a position to the nearest point of the line from the centre to a corner, which goes on beyond the corner. */
function distanceToArm([x, y]: readonly [number, number], corner: number): number {
  const [cornerX, cornerY] = corners[corner] as readonly [number, number];
  const along = Math.max(0, (x * cornerX + y * cornerY) / 2);
  return Math.hypot(x - along * cornerX, y - along * cornerY);
}
