import { mazes } from "@diffusion-forcing/tasks/maze2d";
import { expect, it } from "vitest";
import { renderStill } from "./still.js";
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

it("draws the finished plan, the drive, one mark for each new plan, and the particle where it ended", () => {
  const { svg } = renderStill(story);
  expect(svg).toContain("<title>The way out</title>");
  expect(svg.match(/<polyline/g)).toHaveLength(6 + 1); // six segments of plan, one drive
  expect(svg).toContain('points="44.8,124.8 84.8,124.8 124.8,124.8 124.8,84.8 124.8,44.8 84.8,44.8 44.8,44.8"');
  expect(svg.match(/<circle[^>]* r="3" /g)).toHaveLength(1);
  expect(svg).toContain('<circle cx="124.8" cy="44.8" r="3" '); // at step 4
  expect(svg).toContain('<circle cx="44.8" cy="44.8" r="6.8" fill="#1f2a44"');
});

it("makes a PNG 960 pixels wide of it", () => {
  const png = Buffer.from(renderStill(story).png);
  expect(png.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
  expect(png.subarray(12, 16).toString()).toBe("IHDR");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([960, 960]);
});

it("makes the same bytes of the same story", () => {
  expect(renderStill(story)).toEqual(renderStill(story));
});
