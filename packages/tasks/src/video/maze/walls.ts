import type { Rgb } from "../../pictures/pixels.js";

/** What a wall looks like. */
export interface WallKind {
  readonly color: Rgb;
  /** How bright it is at a place on its face, about 1 on average; u to the right and v downwards, both 0..1. */
  pattern(u: number, v: number): number;
}

/** Of alternating squares. */
const alternate = (u: number, v: number): boolean => (Math.floor(u) + Math.floor(v)) % 2 === 0;

/** By the letter that stands for them in a plan. */
export const wallKinds: Readonly<Record<string, WallKind>> = {
  // Four courses of bricks, every other one moved by half a brick.
  "#": {
    color: [186, 84, 62],
    pattern: (u, v) => (alternate(u * 2 + (Math.floor(v * 4) % 2) / 2, v * 4) ? 1.15 : 0.85),
  },
  // Two by two blocks of stone.
  "=": { color: [128, 138, 160], pattern: (u, v) => (alternate(u * 2, v * 2) ? 1.15 : 0.85) },
  // A hedge, darker downwards.
  "%": { color: [74, 140, 66], pattern: (_, v) => 1.25 - 0.5 * v },
  // Upright boards.
  "|": { color: [206, 164, 88], pattern: (u) => (alternate(u * 4, 0) ? 1.15 : 0.85) },
};
