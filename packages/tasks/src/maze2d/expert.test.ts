import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { createMazeEnvironment } from "./environment.js";
import { createMazeRoutes, createWaypointController, steerTowards } from "./expert.js";
import { isWall, mazes } from "./mazes.js";

const cell = (row: number, column: number) => ({ row, column });

describe("maze routes", () => {
  it("goes around the wall of umaze", () => {
    expect(createMazeRoutes(mazes.umaze).cells(cell(3, 1), cell(1, 1))).toEqual([
      cell(3, 2),
      cell(3, 3),
      cell(2, 3),
      cell(1, 3),
      cell(1, 2),
      cell(1, 1),
    ]);
  });

  it("breaks ties in D4RL's order: along y before along x", () => {
    // From (1, 1) to (2, 2) of medium both ways take two moves; y+ comes before x+.
    expect(createMazeRoutes(mazes.medium).cells(cell(1, 1), cell(2, 2))).toEqual([cell(1, 2), cell(2, 2)]);
  });

  it("stays where it is, leaves a wall cell that a position rounds to, and refuses an unreachable target", () => {
    const routes = createMazeRoutes(mazes.umaze);
    expect(routes.cells(cell(1, 1), cell(1, 1))).toEqual([cell(1, 1)]);
    expect(routes.cells(cell(0, 2), cell(1, 1))).toEqual([cell(1, 2), cell(1, 1)]);
    expect(() => routes.cells(cell(1, 1), cell(0, 0))).toThrow("no route from cell (1, 1) to (0, 0)");
  });

  it.each(Object.values(mazes))("connects every pair of cells of $name by neighbouring free cells", (maze) => {
    const routes = createMazeRoutes(maze);
    for (const start of maze.freeCells) {
      for (const target of maze.freeCells) {
        let previous = start;
        for (const next of routes.cells(start, target)) {
          const moved = Math.abs(next.row - previous.row) + Math.abs(next.column - previous.column);
          expect(moved).toBe(start === target ? 0 : 1);
          expect(isWall(maze, next.row, next.column)).toBe(false);
          previous = next;
        }
        expect(previous).toEqual(target);
      }
    }
  });
});

describe("waypoint controller", () => {
  it("applies the control law, clipped", () => {
    const action = new Float64Array(2);
    steerTowards(1.05, 3, Float64Array.of(1, 1, 0.2, 0), action);
    expect(action[0]).toBeCloseTo(10 * 0.05 - 0.2, 12);
    expect(action[1]).toBe(1);
  });

  it("walks to the target, reports it, and turns to a new one", () => {
    const environment = createMazeEnvironment(mazes.umaze);
    environment.observation.set([3, 1, 0, 0]);
    const controller = createWaypointController(createMazeRoutes(mazes.umaze), createRandom(0));
    const action = new Float64Array(2);
    const walk = (row: number, column: number): number => {
      for (let step = 0; step < 300; step++) {
        if (controller.act(environment.observation, cell(row, column), action)) return step;
        environment.step(action[0] as number, action[1] as number);
      }
      return 300;
    };
    const there = walk(1, 1);
    expect(there).toBeGreaterThan(100);
    expect(there).toBeLessThan(250);
    expect(walk(3, 1)).toBeLessThan(250);
    expect(environment.observation[0]).toBeCloseTo(3, 0);
  });
});
