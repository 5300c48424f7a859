import { insideWall, type Maze, type Position } from "@diffusion-forcing/tasks/maze2d";
import { decimal, UsageError } from "./options.js";

/** Values of options that are positions, from the command line's `x,y`. */
export function position(name: string): (text: string) => Position {
  return (text) => {
    const parts = text.split(",").map(decimal);
    const [x = Number.NaN, y = Number.NaN] = parts;
    if (parts.length !== 2 || !Number.isFinite(x) || !Number.isFinite(y)) {
      throw new UsageError(`${name} is "${text}"; expected x,y in cells, such as 1,3 or 1.2,2.9.`);
    }
    return [x, y];
  };
}

/** The position, which must not lie in a wall. @throws UsageError naming the nearest free cell */
export function freePosition(name: string, [x, y]: Position, maze: Maze): Position {
  if (!insideWall(maze, x, y)) return [x, y];
  const distance = ({ row, column }: Maze["goalCell"]): number => (row - x) ** 2 + (column - y) ** 2;
  const nearest = maze.freeCells.reduce((best, cell) => (distance(cell) < distance(best) ? cell : best));
  const where = x < 0.3 || y < 0.3 || x > maze.rows - 1.7 || y > maze.columns - 1.7 ? "outside" : "in a wall of";
  throw new UsageError(
    `${name} ${x},${y} lies ${where} the ${maze.name} maze; the nearest free cell is ${nearest.row},${nearest.column}. x counts from 1 to ${maze.rows - 2}, y from 1 to ${maze.columns - 2}.`,
  );
}
