import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { floorPlan, gardenPlan } from "./floor-plan.js";
import { mazeVideos } from "./videos.js";
import { act, randomPose, wanderer } from "./walker.js";

const hall = floorPlan(["#####", "#...#", "#####"]);

describe("act", () => {
  it("turns by a sixteenth and steps by a quarter", () => {
    const pose = { x: 1.5, y: 1.5, heading: 0 };
    expect(act(hall, pose, "left")).toEqual({ x: 1.5, y: 1.5, heading: 15 });
    expect(act(hall, { ...pose, heading: 15 }, "right")).toEqual(pose);
    expect(act(hall, pose, "forward")).toEqual({ x: 1.75, y: 1.5, heading: 0 });
  });

  it("stops at walls and slides along them", () => {
    // A step down would come nearer to the wall than a body has room.
    expect(act(hall, { x: 1.5, y: 1.5, heading: 4 }, "forward")).toEqual({ x: 1.5, y: 1.5, heading: 4 });
    const slid = act(hall, { x: 1.5, y: 1.6, heading: 2 }, "forward");
    expect(slid).toEqual({ x: expect.closeTo(1.5 + Math.SQRT1_2 / 4, 12), y: 1.6, heading: 2 });
  });
});

describe("wanderer", () => {
  it("gets about: nobody ever stands in a wall, and a long walk sees nearly all of the maze", () => {
    const plan = floorPlan(gardenPlan);
    const random = createRandom(1);
    let pose = randomPose(plan, random);
    const next = wanderer(plan, random);
    const seen = new Set<string>();
    const counts: Record<string, number> = {};
    for (let step = 0; step < 6000; step++) {
      const action = next(pose);
      counts[action] = (counts[action] ?? 0) + 1;
      pose = act(plan, pose, action);
      expect(plan.wallAt(Math.floor(pose.x), Math.floor(pose.y))).toBeUndefined();
      seen.add(`${Math.floor(pose.x)},${Math.floor(pose.y)}`);
    }
    expect(seen.size).toBeGreaterThan(0.85 * plan.floor.length);
    for (const action of ["forward", "left", "right"]) expect(counts[action]).toBeGreaterThan(1000);
  });
});

describe("mazeVideos", () => {
  it("shows what was walked, with the actions, the same for the same seed", () => {
    const plan = floorPlan(gardenPlan);
    const sizes = { batch: 2, length: 5, size: 8 };
    const { frames, condition, poses } = mazeVideos(plan, sizes, createRandom(3));
    expect(frames.shape).toEqual([2, 5, 3, 8, 8]);
    expect(condition.shape).toEqual([2, 5, 3]);
    expect([...condition.data.slice(0, 3)]).toEqual([0, 0, 0]);
    const actions = ["forward", "left", "right"] as const;
    for (const [b, walk] of poses.entries()) {
      for (let t = 1; t < 5; t++) {
        const features = [...condition.data.slice((b * 5 + t) * 3, (b * 5 + t + 1) * 3)];
        expect(features.reduce((sum, value) => sum + value)).toBe(1);
        expect(act(plan, walk[t - 1]!, actions[features.indexOf(1)]!)).toEqual(walk[t]);
      }
    }
    expect(mazeVideos(plan, sizes, createRandom(3))).toEqual({ frames, condition, poses });
  });
});
