import { describe, expect, it } from "vitest";
import { mazes } from "../mazes.js";
import type { PlanStory } from "./story.js";
import { type DenoisingFrame, type DriveFrame, storyFrames } from "./timeline.js";

const positions = Float32Array.of(1, 1, 1, 2);
const story: PlanStory = {
  maze: mazes.umaze,
  start: [1, 1],
  goal: [1, 2],
  // Noise that hardly shrinks for nine steps and becomes the plan in the tenth.
  denoising: Array.from({ length: 11 }, (_, k) => positions.map((value) => value + (k === 10 ? 0 : 10 - 0.1 * k))),
  drive: new Float32Array(300 * 2),
  plans: [
    { step: 0, positions },
    { step: 60, positions },
  ],
  reachedAt: 86,
};

describe("storyFrames", () => {
  const frames = storyFrames(story, 50);
  const denoising = frames.filter((frame): frame is DenoisingFrame => frame.kind === "denoising");
  const drive = frames.filter((frame): frame is DriveFrame => frame.kind === "drive");

  it("denoises from noise to the finished plan by how much it changes, and holds both", () => {
    expect(denoising).toHaveLength(20);
    expect(denoising[0]).toEqual({ kind: "denoising", at: 0, milliseconds: 350 });
    expect(denoising.at(-1)).toEqual({ kind: "denoising", at: 10, milliseconds: 900 });
    for (const [index, { at }] of denoising.slice(1).entries()) expect(at).toBeGreaterThan(denoising[index]!.at);
    // Nine of ten steps bring a tenth of the change: two pictures show them.
    expect(denoising.filter(({ at }) => at < 9)).toHaveLength(2);
    expect(denoising[1]!.milliseconds).toBe(50);
  });

  it("drives up to the goal in 44 frames and through the rest in 8", () => {
    expect(drive.map(({ step }) => step).slice(0, 4)).toEqual([0, 2, 4, 6]);
    expect(drive.map(({ step }) => step).slice(43)).toEqual([86, 113, 139, 166, 193, 219, 246, 272, 299]);
    expect(drive.at(-1)!.milliseconds).toBe(1700);
  });

  it("tells which plan is in force, for how long, and since when the goal is reached", () => {
    expect(drive[29]).toMatchObject({ step: 58, plan: 0, planAge: 29, reachedAge: undefined });
    expect(drive[30]).toMatchObject({ step: 60, plan: 1, planAge: 0, reachedAge: undefined });
    expect(drive[32]).toMatchObject({ step: 64, plan: 1, planAge: 2 });
    expect(drive[43]).toMatchObject({ step: 86, reachedAge: 0 });
    expect(drive[45]).toMatchObject({ reachedAge: 2 });
  });

  it("does without a goal reached, plans, or more than one step", () => {
    const { reachedAt: _, ...unreached } = story;
    const short = storyFrames({ ...unreached, denoising: [positions], drive: Float32Array.of(1, 1), plans: [] }, 50);
    expect(short).toEqual([
      { kind: "denoising", at: 0, milliseconds: 900 },
      { kind: "drive", step: 0, plan: -1, planAge: 0, reachedAge: undefined, milliseconds: 1700 },
    ]);
  });
});
