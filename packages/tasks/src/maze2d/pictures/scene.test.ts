import { expect, it } from "vitest";
import { parseMaze } from "../mazes.js";
import { canvasOf } from "./canvas.js";
import { drawMaze, drawScene } from "./scene.js";

const maze = parseMaze("####|#OG#|####", {
  name: "corridor",
  episodeLength: 10,
  referenceScores: { minimum: 0, maximum: 1 },
  datasetSize: 1,
});

it("draws the walls as a slab with the rounded floor in it", () => {
  // Along x one cell of 40, along y two, and 0.42 cells of border on each side: 16.8. Corners are rounded over 10.4.
  const svg = drawMaze(maze, canvasOf(maze));
  expect(svg).toContain('<rect x="22" y="66.4" width="73.6" height="113.6" fill="#d3dae6"/>');
  expect(svg).toMatch(/<path d="M38\.8 93\.6Q38\.8 83\.2 49\.2 83\.2L68\.4 83\.2Q78\.8 83\.2 78\.8 93\.6L78\.8 /);
});

it("puts x to the right and y upwards, clips to the frame, numbers the axes, and titles the picture", () => {
  const story = {
    maze,
    start: [1, 1] as const,
    goal: [1, 2] as const,
    denoising: [],
    drive: new Float32Array(),
    plans: [],
    title: "A & B",
  };
  const svg = drawScene(story, false, "<legend/>", "<content/>");
  expect(svg).toMatch(
    /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 253.6 202" width="253.6" height="202">/,
  );
  expect(svg).toContain("<title>A &amp; B</title>");
  expect(svg).toContain(
    '<clipPath id="maze-frame"><rect x="22" y="66.4" width="73.6" height="113.6" rx="16.8"/></clipPath>',
  );
  // The goal (1, 2) is one cell above the start (1, 1); its radius is half a cell.
  expect(svg).toContain('<circle cx="66.8" cy="95.2" r="20" fill="#f0a41c" fill-opacity="0.14"');
  expect(svg).toContain('<circle cx="66.8" cy="135.2" r="8" fill="#ffffff" stroke="#6852be"');
  expect(svg).toMatch(/<content\/><\/g>.*<legend\/><\/svg>$/);
  expect(drawScene(story, true, "")).toContain('r="20" fill="#f0a41c" fill-opacity="0.42"');
});
