import { isWall, type Maze } from "../mazes.js";

/** A corner of the grid: column and row of the cell to its lower right. */
export type GridCorner = readonly [column: number, row: number];

/** Right, down, left, up: each turned clockwise from the one before. */
const directions: readonly GridCorner[] = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];

/**
 * The closed outlines of the free cells, rows downwards: clockwise around the floor, anticlockwise around blocks of
 * wall within it, each as the corners where it turns. Cells that touch in a corner only have separate outlines.
 */
export function floorOutlines(maze: Maze): GridCorner[][] {
  const stride = maze.columns + 1;
  const edges = new Set<number>(); // of free cells that border on walls, the cell to their right
  const edge = (column: number, row: number, direction: number) => (row * stride + column) * 4 + direction;
  for (const { row, column } of maze.freeCells) {
    if (isWall(maze, row - 1, column)) edges.add(edge(column, row, 0));
    if (isWall(maze, row, column + 1)) edges.add(edge(column + 1, row, 1));
    if (isWall(maze, row + 1, column)) edges.add(edge(column + 1, row + 1, 2));
    if (isWall(maze, row, column - 1)) edges.add(edge(column, row + 1, 3));
  }

  const outlines: GridCorner[][] = [];
  for (const first of edges) {
    const corners: GridCorner[] = [];
    let direction = first % 4;
    let column = ((first - direction) / 4) % stride;
    let row = ((first - direction) / 4 - column) / stride;
    while (edges.delete(edge(column, row, direction))) {
      column += directions[direction]![0];
      row += directions[direction]![1];
      // Clockwise first: where two cells touch in a corner, the outline stays with its own cell.
      const next = [1, 0, 3]
        .map((turn) => (direction + turn) % 4)
        .find((turned) => edges.has(edge(column, row, turned)));
      const ahead = next ?? first % 4; // closed: what follows is the first edge
      if (ahead !== direction) corners.push([column, row]);
      direction = ahead;
    }
    outlines.push(corners);
  }
  return outlines;
}
