import { describe, expect, it } from "vitest";
import { type Maze, mazes, parseMaze } from "../mazes.js";
import { floorOutlines, type GridCorner } from "./maze-outline.js";

const settings = { name: "test", episodeLength: 10, referenceScores: { minimum: 0, maximum: 1 }, datasetSize: 1 };

describe("floorOutlines", () => {
  it("goes clockwise around one corridor", () => {
    const outlines = floorOutlines(parseMaze("####|#OG#|####", settings));
    expect(outlines.map(fromTopLeft)).toEqual([
      [
        [1, 1],
        [3, 1],
        [3, 2],
        [1, 2],
      ],
    ]);
  });

  it("goes anticlockwise around a block of wall within the floor", () => {
    const outlines = floorOutlines(parseMaze("#####|#OOO#|#O#O#|#OOG#|#####", settings));
    expect(outlines.map(fromTopLeft)).toEqual([
      [
        [1, 1],
        [4, 1],
        [4, 4],
        [1, 4],
      ],
      [
        [2, 2],
        [2, 3],
        [3, 3],
        [3, 2],
      ],
    ]);
  });

  it("separates cells that touch in a corner only", () => {
    const outlines = floorOutlines(parseMaze("####|#O##|##G#|####", settings));
    expect(outlines.map((outline) => outline.length)).toEqual([4, 4]);
  });

  it.each(Object.values(mazes))("encloses exactly the free cells of $name", (maze: Maze) => {
    const area = floorOutlines(maze).reduce((sum, outline) => sum + signedArea(outline), 0);
    expect(area).toBe(maze.freeCells.length);
  });
});

/** The same closed outline, begun at its top left corner. */
function fromTopLeft(outline: readonly GridCorner[]): readonly GridCorner[] {
  const first = outline.reduce(
    (best, [column, row], index) => (row * 100 + column < outline[best]![1] * 100 + outline[best]![0] ? index : best),
    0,
  );
  return [...outline.slice(first), ...outline.slice(0, first)];
}

/** The shoelace formula: positive for clockwise outlines, as rows run downwards. */
function signedArea(outline: readonly GridCorner[]): number {
  return outline.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = outline[(index + 1) % outline.length] as GridCorner;
    return sum + (x * nextY - nextX * y) / 2;
  }, 0);
}
