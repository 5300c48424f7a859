import { expect, it } from "vitest";
import { mazes } from "../mazes.js";
import { drawStill } from "./still.js";
import type { PlanStory } from "./story.js";

const plan = Float32Array.of(3, 1, 3, 2, 3, 3, 2, 3, 1, 3, 1, 2, 1, 1);
const story: PlanStory = {
  maze: mazes.umaze,
  start: [3, 1],
  goal: [1, 1],
  denoising: [plan.map((value) => 4 - value), plan],
  drive: plan,
  plans: [
    { step: 0, positions: plan },
    { step: 4, positions: plan },
    { step: 9, positions: plan }, // after the drive's end
  ],
  reachedAt: 6,
  title: "The way out",
};

it("draws the finished plan, the drive, marks of new plans, the particle where it ended, and a legend", () => {
  const svg = drawStill(story);
  expect(svg).toContain("<title>The way out</title>");
  expect(svg.match(/<polyline/g)).toHaveLength(6 + 1); // six segments of plan, one drive
  // x to the right, y upwards: from (3, 1) up, to the left and down to (1, 1).
  expect(svg).toContain('points="146.8,135.2 146.8,95.2 146.8,55.2 106.8,55.2 66.8,55.2 66.8,95.2 66.8,135.2"');
  // One mark at step 4 and one in the legend; that of step 9 comes after the drive's end.
  expect(svg.match(/<circle[^>]* r="3" /g)).toHaveLength(2);
  expect(svg).toContain('<circle cx="66.8" cy="55.2" r="3" ');
  expect(svg).toContain('<circle cx="66.8" cy="135.2" r="5.6" fill="#1f2a44"');
});

it("makes the same document of the same story", () => {
  expect(drawStill(story)).toBe(drawStill(story));
});
