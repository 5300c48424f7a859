import { isWall, type Maze, mazes, type Position } from "@diffusion-forcing/tasks/maze2d";
import type { DemoMaze } from "./protocol";

/** Side of a cell in the drawing's units. */
export const cell = 40;

/** From the maze's coordinates, y upwards, to the drawing's, y downwards. A cell's lower edge is its index minus 0.7. */
export function toDrawing(maze: Maze, [x, y]: Position): [x: number, y: number] {
  return [(x + 0.7) * cell, (maze.columns - (y + 0.7)) * cell];
}

/** The middle of the cell that holds a point of the drawing. */
export function cellAtDrawing(maze: Maze, x: number, y: number): { readonly row: number; readonly column: number } {
  return { row: Math.floor(x / cell), column: maze.columns - 1 - Math.floor(y / cell) };
}

export const centreOf = (row: number, column: number): Position => [row - 0.2, column - 0.2];

/** The cell of a centre. */
export const cellOf = ([x, y]: Position): { row: number; column: number } => ({
  row: Math.round(x + 0.2),
  column: Math.round(y + 0.2),
});

/** A maze with the walls that were drawn into it. */
export function mazeWith(name: DemoMaze, drawn: ReadonlySet<number>): Maze {
  const maze = mazes[name];
  const walls = maze.walls.slice();
  for (const index of drawn) walls[index] = walls[index] === 1 ? 0 : 1;
  return { ...maze, walls };
}

/** Whether a wall may be drawn or removed there: not in the border, which keeps the ball in. */
export function isInner({ rows, columns }: Maze, row: number, column: number): boolean {
  return row > 0 && column > 0 && row < rows - 1 && column < columns - 1;
}

/** The next free cell in a direction, or the same one. */
export function step(maze: Maze, from: Position, dx: number, dy: number): Position {
  const { row, column } = cellOf(from);
  return isWall(maze, row + dx, column + dy) ? from : centreOf(row + dx, column + dy);
}

/** Where start and goal stand at first: far from each other. */
export function usualEnds(name: DemoMaze): { readonly start: Position; readonly goal: Position } {
  const { freeCells, goalCell } = mazes[name];
  const distance = ({ row, column }: { row: number; column: number }): number =>
    (row - goalCell.row) ** 2 + (column - goalCell.column) ** 2;
  const far = freeCells.reduce((best, candidate) => (distance(candidate) > distance(best) ? candidate : best));
  return { start: centreOf(far.row, far.column), goal: centreOf(goalCell.row, goalCell.column) };
}
