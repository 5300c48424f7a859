import { expect, it } from "vitest";
import { cellOf, mazeWith, step, usualEnds } from "./geometry.js";
import { readMazeSettings } from "./settings.js";

it("an address that says nothing, or nonsense, gives the usual settings", () => {
  const usual = readMazeSettings(new URLSearchParams(""));
  expect(usual).toMatchObject({ maze: "medium", seed: 0, matrix: "full-sequence", steps: 20, ...usualEnds("medium") });
  const nonsense = "maze=no&seed=-1&start=0,0&goal=99,1&walls=0.x.9999&steps=1e9&matrix=__proto__";
  expect(readMazeSettings(new URLSearchParams(nonsense))).toEqual(usual);
});

it("an address says maze, ends and drawn walls", () => {
  const { maze, start, goal, drawn } = readMazeSettings(new URLSearchParams("maze=umaze&start=3,3&goal=1,2&walls=11"));
  expect([maze, cellOf(start), cellOf(goal), [...drawn]]).toEqual([
    "umaze",
    { row: 3, column: 3 },
    { row: 1, column: 2 },
    [11],
  ]);
});

it("ends step from cell to free cell, and walls stop them", () => {
  const maze = mazeWith("umaze", new Set());
  expect(cellOf(step(maze, [0.8, 1.8], 0, -1))).toEqual({ row: 1, column: 1 });
  expect(step(maze, [0.8, 1.8], -1, 0)).toEqual([0.8, 1.8]);
});
