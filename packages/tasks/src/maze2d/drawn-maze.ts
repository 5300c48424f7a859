import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe } from "@diffusion-forcing/core/backend";
import type { OptionFile } from "../task-options.js";
import { isWall, type Maze, type MazeCell, mazeLayout, parseMaze } from "./mazes.js";

/** A maze of somebody's own, as {@link drawnMaze} reads it. */
export interface DrawnMaze {
  readonly kind: "drawn";
  readonly layout: string;
}

/** The layout in a file. @throws `invalid-data`, naming the file, for bytes that are no text or no maze */
export function readDrawing({ name, bytes }: OptionFile): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return mazeLayout(drawnMaze(text));
  } catch (cause) {
    const problem = isDiffusionForcingError(cause) ? cause.message : "it is not text in UTF-8.";
    throw new DiffusionForcingError("invalid-data", `${name}: ${problem}`, { cause });
  }
}

/** The largest drawing: routes are computed to every cell from every other. */
const mostRows = 32;

/**
 * A maze drawn as text: a line a row, or rows with `|` between them. `#` is a wall, `O`, `.` and a space are floor, `G` is
 * the goal; without one the last cell of floor is. Its border must be walls. Episodes are long enough for the longest way.
 *
 * @throws `invalid-data` naming line and column: ragged lines, another character, an open border, no floor, floor that
 *   cannot be reached, two goals, or more than 32 by 32 cells.
 */
export function drawnMaze(text: string): Maze {
  if (typeof text !== "string") fail(`it is ${describe(text)}: give it as text`);
  const lines = text
    .split(/\r?\n|\|/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
  const [first = ""] = lines;
  if (lines.length < 3 || first.length < 3) fail("it has no floor: draw at least three lines of three cells");
  if (lines.length > mostRows || first.length > mostRows) {
    fail(`it has ${lines.length} lines of ${first.length} cells; at most ${mostRows} of ${mostRows} will do`);
  }
  const cells: string[][] = [];
  for (const [row, line] of lines.entries()) {
    if (line.length !== first.length) {
      fail(`line ${row + 1} has ${line.length} cells, line 1 has ${first.length}: make all lines equally long`);
    }
    cells.push([...line].map((character, column) => floorOrWall(character, row, column)));
  }
  const floor = cells.flatMap((line, row) => line.flatMap((cell, column) => (cell === "#" ? [] : [{ row, column }])));
  const last = floor.at(-1);
  if (last === undefined) fail("it has no floor: put O where there is no wall");
  const goals = floor.filter(({ row, column }) => cells[row]?.[column] === "G");
  if (goals.length > 1) fail(`it has ${goals.length} goals G: give it one, or none`);
  if (goals.length === 0) (cells[last.row] as string[])[last.column] = "G";
  const maze = parseMaze(cells.map((line) => line.join("")).join("|"), {
    name: "own",
    episodeLength: 100,
    datasetSize: Math.min(4_000_000, Math.max(1_000_000, 100_000 * floor.length)),
  });
  return { ...maze, episodeLength: 100 * Math.ceil((framesPerCell * longestRoute(maze)) / 100 + 1) };
}

/** Frames in which D4RL's expert crosses a cell, with some to spare. */
export const framesPerCell = 30;

function floorOrWall(character: string, row: number, column: number): string {
  if (character === "#" || character === "G") return character;
  if (character === "O" || character === "." || character === " ") return "O";
  fail(`line ${row + 1}, column ${column + 1} is ${describe(character)}: use # for walls, O for floor, G for the goal`);
}

function fail(problem: string): never {
  throw new DiffusionForcingError("invalid-data", `The maze cannot be read: ${problem}.`);
}

/**
 * Cells of the longest of all shortest routes.
 *
 * @throws `invalid-data` if a cell of floor cannot be reached from another
 */
export function longestRoute(maze: Maze): number {
  return Math.max(...maze.freeCells.map((cell) => farthest(maze, cell)));
}

function farthest(maze: Maze, from: MazeCell): number {
  const distances = new Map<number, number>();
  const key = ({ row, column }: MazeCell): number => row * maze.columns + column;
  distances.set(key(from), 0);
  const queue = [from];
  for (const cell of queue) {
    const { row, column } = cell;
    const steps = (distances.get(key(cell)) as number) + 1;
    for (const next of [
      { row: row - 1, column },
      { row: row + 1, column },
      { row, column: column - 1 },
      { row, column: column + 1 },
    ]) {
      if (isWall(maze, next.row, next.column) || distances.has(key(next))) continue;
      distances.set(key(next), steps);
      queue.push(next);
    }
  }
  const lost = maze.freeCells.find((cell) => !distances.has(key(cell)));
  if (lost !== undefined) {
    fail(
      `line ${lost.row + 1}, column ${lost.column + 1} cannot be reached from line ${from.row + 1}, column ${from.column + 1}: open a way between them`,
    );
  }
  return Math.max(...distances.values());
}
