import { expect, it } from "vitest";
import { planOfFrames } from "./plan.js";

it("takes the positions out of wider frames and measures the largest step", () => {
  const frames = Float32Array.of(1, 2, 50, 60, 4, 6, 70, 80, 4, 7, -50, 0);
  const plan = planOfFrames(frames, 4, 3);
  expect([...plan.positions]).toEqual([1, 2, 4, 6, 4, 7]);
  expect(plan.roughness).toBe(5);
  expect(plan.tokens).toBe(3);
  expect(plan.frames).toBe(frames);
});

it("is not rough if it rests", () => {
  expect(planOfFrames(Float32Array.of(1, 2, 1, 2), 2, 3).roughness).toBe(0);
  expect(planOfFrames(Float32Array.of(1, 2), 2, 3).roughness).toBe(0);
});
