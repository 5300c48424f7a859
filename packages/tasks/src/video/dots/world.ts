import type { World } from "../world.js";
import { findDots, movingDots } from "./moving-dots.js";

/** A dot of 2 by 2 pixels that moves by one pixel a frame and bounces off the walls. */
export function dotsWorld(size: number): World {
  return {
    tokenShape: [1, size, size],
    actions: [],
    needsData: false,
    context: 2,
    framesPerSecond: 5,
    videos: async ({ batch, length }, random) => ({ frames: movingDots({ batch, length, size }, random) }),
    statistics: (frame) => ({ "bright pixels": Array.from(frame).filter((value) => value > 0).length }),
    judge: (frames) => {
      const videos = findDots(frames);
      return {
        "one dot in every frame": videos.map((dots) => dots.every((dot) => dot !== undefined)),
        "and every move as it must be": videos.map((dots) =>
          dots.every((dot, i) => {
            const before = dots[i - 1];
            if (dot === undefined) return false;
            const moves = before && [dot.row - before.row, dot.column - before.column];
            return moves === undefined || moves.every((move) => Math.abs(move) === 1);
          }),
        ),
      };
    },
  };
}
