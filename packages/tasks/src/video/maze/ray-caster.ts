import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import type { Rgb } from "../../pictures/pixels.js";
import { checkPlan, type FloorPlan } from "./floor-plan.js";
import { directions, HEADINGS } from "./headings.js";
import type { WallKind } from "./walls.js";

/** Where somebody stands and looks. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  /** 0..15, see `headings.ts`. */
  readonly heading: number;
}

const viewSchema = v.strictObject({
  pose: v.object(
    { x: schemas.number(), y: schemas.number(), heading: schemas.integer(0, HEADINGS - 1) },
    "a pose { x, y, heading }",
  ),
  size: schemas.integer(1, 4096),
});

/** What a ray meets. */
export interface Hit {
  /** In multiples of the direction's length. */
  readonly distance: number;
  readonly wall: WallKind;
  /** Where on the wall's face, 0..1. */
  readonly u: number;
  /** Whether the face looks along x. */
  readonly facesX: boolean;
}

/** The tangent of half the field of view, 73 degrees. */
const HALF_VIEW = 0.74;
/** Rays a column and samples a pixel downwards. */
const [ACROSS, DOWN] = [2, 2];

const sky: Rgb = [118, 170, 226];
const haze: Rgb = [214, 222, 226];
const ground: Rgb = [112, 100, 84];

/** Follows a ray from square to square (Amanatides and Woo 1987) to the first wall. */
export function castRay(plan: FloorPlan, x: number, y: number, dx: number, dy: number): Hit {
  let [column, row] = [Math.floor(x), Math.floor(y)];
  const [stepX, stepY] = [dx < 0 ? -1 : 1, dy < 0 ? -1 : 1];
  const [acrossX, acrossY] = [Math.abs(1 / dx), Math.abs(1 / dy)];
  let nextX = (dx < 0 ? x - column : column + 1 - x) * acrossX;
  let nextY = (dy < 0 ? y - row : row + 1 - y) * acrossY;
  for (;;) {
    const facesX = nextX < nextY;
    const distance = facesX ? nextX : nextY;
    if (facesX) {
      column += stepX;
      nextX += acrossX;
    } else {
      row += stepY;
      nextY += acrossY;
    }
    const wall = plan.wallAt(column, row);
    if (wall === undefined) continue;
    const along = facesX ? y + distance * dy : x + distance * dx;
    return { distance, wall, u: along - Math.floor(along), facesX };
  }
}

/**
 * What is seen from a pose: textured walls one unit high, seen from half their height, that fade with distance; the sky
 * above and the ground below.
 *
 * @returns [3, size, size], colours from -1 to 1.
 * @throws `invalid-argument`
 */
export function renderView(plan: FloorPlan, pose: Pose, size: number): Float32Array {
  checkPlan("renderView", plan);
  check("renderView", viewSchema, { pose, size });
  const { x, y, heading } = pose;
  const picture = new Float32Array(3 * size * size);
  const [dx, dy] = directions[heading] as readonly [number, number];
  const weight = 2 / 255 / (ACROSS * DOWN);
  for (let column = 0; column < size * ACROSS; column++) {
    const aside = HALF_VIEW * ((2 * (column + 0.5)) / (size * ACROSS) - 1);
    const hit = castRay(plan, x, y, dx - dy * aside, dy + dx * aside);
    // Distances count along the heading, so that walls stay straight.
    const halfHeight = size / (4 * HALF_VIEW * hit.distance);
    const nearness = 1 / (1 + 0.3 * hit.distance);
    const shade = nearness * (hit.facesX ? 1 : 0.82);
    // Patterns too fine to be seen are not drawn.
    const contrast = Math.min(1, 2.2 / hit.distance ** 2);
    for (let sample = 0; sample < size * DOWN; sample++) {
      const height = (sample + 0.5) / DOWN - size / 2;
      const at = Math.floor(sample / DOWN) * size + Math.floor(column / ACROSS);
      const v = (height / halfHeight + 1) / 2;
      const isWall = v > 0 && v < 1;
      const brightness = isWall ? shade * (1 + contrast * (hit.wall.pattern(hit.u, v) - 1)) : 1;
      // 0 at the horizon, 1 at the picture's edge.
      const openness = Math.abs(height) / (size / 2);
      for (let channel = 0; channel < 3; channel++) {
        const open = height < 0 ? sky : ground;
        const value = isWall
          ? (hit.wall.color[channel] as number) * brightness
          : (haze[channel] as number) * (1 - openness) * 0.6 + (open[channel] as number) * (0.4 + 0.6 * openness);
        (picture[channel * size * size + at] as number) += Math.min(255, value) * weight;
      }
    }
  }
  for (let i = 0; i < picture.length; i++) (picture[i] as number) -= 1;
  return picture;
}
