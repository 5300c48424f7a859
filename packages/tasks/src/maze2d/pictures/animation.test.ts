import { describe, expect, it } from "vitest";
import { mazes } from "../mazes.js";
import { drawAnimation, drawFrame } from "./animation.js";
import type { PlanStory } from "./story.js";
import type { DriveFrame } from "./timeline.js";

const plan = Float32Array.of(3, 1, 3, 2, 3, 3, 2, 3, 1, 3, 1, 2, 1, 1);
const story: PlanStory = {
  maze: mazes.umaze,
  start: [3, 1],
  goal: [1, 1],
  denoising: [Float32Array.of(0, 4, 4, 0, 1, 3, 0, 0, 4, 4, 1, 0, 3, 0), plan],
  drive: plan,
  plans: [{ step: 4, positions: plan }],
  reachedAt: 6,
};

describe("drawAnimation", () => {
  it("draws the whole story: noise to plan, then every step of the drive, the ends held longer", () => {
    const times = drawAnimation(story, 10).map(({ milliseconds }) => milliseconds);
    expect(times).toEqual([350, ...new Array(18).fill(100), 900, ...new Array(6).fill(100), 1700]);
  });

  it("refuses a rate out of range and a story that cannot be drawn", () => {
    expect(() => drawAnimation(story, 0)).toThrow("framesPerSecond is 0: pass a number from 1 to 50");
    expect(() => drawAnimation({ ...story, denoising: [] })).toThrow("denoising is empty");
  });
});

describe("drawFrame", () => {
  const drive: DriveFrame = { kind: "drive", step: 2, plan: -1, planAge: 0, reachedAge: undefined, milliseconds: 50 };

  it("interpolates between two states of denoising", () => {
    const halfway = drawFrame(story, { kind: "denoising", at: 0.5, milliseconds: 50 });
    // The first dot lies between (0, 4) and (3, 1): at (1.5, 2.5).
    expect(halfway).toContain('<circle cx="86.8" cy="75.2" r="2.4" fill="#6852be"');
  });

  it("shows a new plan at full strength and fades it", () => {
    expect(drawFrame(story, drive)).not.toContain(' opacity="');
    expect(drawFrame(story, { ...drive, planAge: 7 })).toContain(' opacity="0.32"');
    expect(drawFrame(story, { ...drive, planAge: 30 })).toContain(' opacity="0.32"');
  });

  it("marks where it planned anew, from then on", () => {
    const mark = '<circle cx="66.8" cy="55.2" r="3" ';
    expect(drawFrame(story, { ...drive, step: 3 })).not.toContain(mark);
    expect(drawFrame(story, { ...drive, step: 4, plan: 0 })).toContain(mark);
  });

  it("fills the goal when it is reached and sends out one wave", () => {
    expect(drawFrame(story, drive)).toContain('fill-opacity="0.14"');
    const reached = drawFrame(story, { ...drive, reachedAge: 0 });
    expect(reached).toContain('fill-opacity="0.42"');
    expect(reached).toContain('r="20" fill="none"');
    expect(drawFrame(story, { ...drive, reachedAge: 7 })).not.toContain('<circle cx="66.8" cy="135.2" r="42"');
  });
});
