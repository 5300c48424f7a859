import { expect, it } from "vitest";
import { mazes } from "../mazes.js";
import { checkStory, type PlanStory } from "./story.js";

const positions = Float32Array.of(1, 1, 1, 2);
const story: PlanStory = {
  maze: mazes.umaze,
  start: [1, 1],
  goal: [1, 2],
  denoising: [positions, positions],
  drive: positions,
  plans: [{ step: 0, positions }],
  reachedAt: 1,
};

it("accepts a story that can be drawn", () => {
  expect(() => checkStory(story)).not.toThrow();
  expect(() => checkStory({ ...story, plans: [] })).not.toThrow();
});

it.each<[string, Partial<PlanStory>, string]>([
  ["no denoising", { denoising: [] }, "denoising is empty"],
  ["no drive", { drive: new Float32Array() }, "drive has 0 numbers"],
  ["half a position", { drive: Float32Array.of(1, 1, 1) }, "drive has 3 numbers"],
  ["a number that is none", { goal: [1, Number.NaN] }, "goal[1] is NaN"],
  ["plans of two lengths", { denoising: [positions, Float32Array.of(1, 1)] }, "denoising[1] has 2 numbers"],
  ["a plan before the start", { plans: [{ step: -1, positions }] }, "plans[0].step is -1 after 0"],
  ["plans out of order", { plans: [3, 2].map((step) => ({ step, positions })) }, "plans[1].step is 2 after 3"],
  ["a fraction of a step", { plans: [{ step: 0.5, positions }] }, "plans[0].step is 0.5"],
  ["a goal reached after the end", { reachedAt: 2 }, "reachedAt is 2 in a drive of 2 steps"],
])("refuses %s", (_, change, message) => {
  expect(() => checkStory({ ...story, ...change })).toThrow(
    expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(message) }),
  );
});
