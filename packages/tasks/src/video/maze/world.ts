import { sharpness } from "../sharpness.js";
import type { World } from "../world.js";
import type { WorldConfig } from "../world-config.js";
import { floorPlan } from "./floor-plan.js";
import { mazeVideos } from "./videos.js";
import { mazeActions } from "./walker.js";

/** Brightnesses that are told apart in each colour of a histogram. */
const BINS = 4;
const colors = ["red", "green", "blue"] as const;

/** A maze seen by somebody who walks in it. @throws `invalid-config` for a plan that is none */
export function mazeWorld({ size, plan: rows }: Extract<WorldConfig, { kind: "maze" }>): World {
  const plan = floorPlan(rows);
  const tokenShape = [3, size, size] as const;
  return {
    tokenShape,
    actions: mazeActions,
    needsData: false,
    context: 4,
    framesPerSecond: 10,
    videos: async (sizes, random) => {
      const { frames, condition } = mazeVideos(plan, { ...sizes, size }, random);
      return { frames, condition };
    },
    statistics: (frame) => ({ ...histogram(frame), sharpness: sharpness(frame, tokenShape) }),
  };
}

/** The share of pixels in each quarter of each colour's range. */
function histogram(frame: ArrayLike<number>): Record<string, number> {
  const area = frame.length / 3;
  const shares: Record<string, number> = {};
  for (const [channel, color] of colors.entries()) {
    const counts = new Array<number>(BINS).fill(0);
    for (let at = 0; at < area; at++) {
      const bin = Math.floor((((frame[channel * area + at] as number) + 1) / 2) * BINS);
      (counts[Math.min(BINS - 1, Math.max(0, bin))] as number) += 1 / area;
    }
    for (const [bin, share] of counts.entries()) shares[`${color} ${bin + 1}/${BINS}`] = share;
  }
  return shares;
}
