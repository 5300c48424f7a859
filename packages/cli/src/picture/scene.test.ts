import { parseMaze } from "@diffusion-forcing/tasks/maze2d";
import { expect, it } from "vitest";
import { drawMaze, drawScene } from "./scene.js";

const maze = parseMaze("####|#OG#|####", {
  name: "corridor",
  episodeLength: 10,
  referenceScores: { minimum: 0, maximum: 1 },
  datasetSize: 1,
});

it("draws the walls as a slab with the rounded floor in it", () => {
  // Two cells of 40, and 0.42 cells of border on each side: 16.8. Corners are rounded over 0.26 cells: 10.4.
  expect(drawMaze(maze)).toBe(
    '<rect width="113.6" height="73.6" fill="#d3dae6"/>' +
      '<path d="M86.4 16.8Q96.8 16.8 96.8 27.2L96.8 46.4Q96.8 56.8 86.4 56.8L27.2 56.8Q16.8 56.8 16.8 46.4' +
      'L16.8 27.2Q16.8 16.8 27.2 16.8Z" fill="#fdfdfb" stroke="#b9c3d4" stroke-width="1.5"/>',
  );
});

it("puts rows downwards and columns to the right, clips to the frame, and titles the picture", () => {
  const story = {
    maze,
    start: [1, 1] as const,
    goal: [1, 2] as const,
    denoising: [],
    drive: new Float32Array(),
    plans: [],
    title: "A & B",
  };
  const svg = drawScene(story, false, "<content/>");
  expect(svg).toMatch(
    /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 113.6 73.6" width="113.6" height="73.6">/,
  );
  expect(svg).toContain("<title>A &amp; B</title>");
  expect(svg).toContain(
    '<clipPath id="dforce-frame"><rect width="113.6" height="73.6" rx="16.8"/></clipPath><g clip-path="url(#dforce-frame)">',
  );
  // Position (1, 2): 0.7 cells below the floor's edge and 1.7 to its right; the goal's radius is half a cell.
  expect(svg).toContain('<circle cx="84.8" cy="44.8" r="20" fill="#f0a41c" fill-opacity="0.14"');
  expect(svg).toContain('<circle cx="44.8" cy="44.8" r="9.6" fill="#ffffff" stroke="#6852be"');
  expect(svg).toMatch(/<content\/><\/g><\/svg>$/);
  expect(drawScene(story, true)).toContain('r="20" fill="#f0a41c" fill-opacity="0.42"');
});
