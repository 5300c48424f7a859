import type { Maze } from "../mazes.js";

/** SVG units per maze cell. */
export const cellSize = 40;

/** Where floor begins: the lower edge of cell 1, as cell 0 is border. */
const floorEdge = 0.3;
/** How much of the border walls is shown, in cells. */
const border = 0.42;
/** Room for the numbers along the axes, to the left and below. */
const axisRoom = 22;
/** Room at the other two sides. */
const edge = 8;
/** Room for the legend, to the right of the maze. */
export const legendWidth = 150;
/** As much as the legend needs, however small the maze. */
const smallestHeight = 172;

/**
 * Where a maze's positions lie in the picture: x runs to the right and y upwards, as in any diagram. The rows of a
 * maze's text run along x, so the picture is that text turned by a quarter.
 */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** The maze with its border walls: upper left corner and size. */
  readonly maze: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  /** The SVG coordinate of a position's x. */
  x(x: number): number;
  /** The SVG coordinate of a position's y. */
  y(y: number): number;
}

export function canvasOf(maze: Maze): Canvas {
  const width = (maze.rows - 2 + 2 * border) * cellSize;
  const height = (maze.columns - 2 + 2 * border) * cellSize;
  const whole = Math.max(height, smallestHeight);
  const [left, top] = [axisRoom, edge + (whole - height)];
  return {
    width: axisRoom + width + legendWidth + edge,
    height: edge + whole + axisRoom,
    maze: { left, top, width, height },
    x: (x) => left + (x - floorEdge + border) * cellSize,
    y: (y) => top + height - (y - floorEdge + border) * cellSize,
  };
}
