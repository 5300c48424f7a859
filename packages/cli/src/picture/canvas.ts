import type { Maze } from "@diffusion-forcing/tasks/maze2d";

/** SVG units per maze cell. */
export const cellSize = 40;

/** Where floor begins: the lower edge of cell 1, as cell 0 is border. */
const floorEdge = 0.3;
/** How much of the border walls is shown, in cells. */
const border = 0.42;

/** Where a maze's positions lie in the picture: rows run downwards, columns to the right, as a maze is written. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
}

export function canvasOf(maze: Maze): Canvas {
  return {
    width: (maze.columns - 2 + 2 * border) * cellSize,
    height: (maze.rows - 2 + 2 * border) * cellSize,
  };
}

/** The SVG coordinate, along either axis, of a position's coordinate: y gives left to right, x top to bottom. */
export function toCanvas(coordinate: number): number {
  return (coordinate - floorEdge + border) * cellSize;
}
