import { DiffusionForcingError } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { checkRows, optionSchemas } from "../option-schemas.js";

/** One cell of the grid. The row runs along x, the column along y. */
export interface MazeCell {
  readonly row: number;
  readonly column: number;
}

export type MazeName = "umaze" | "medium" | "large" | "giant";

/** The two returns that define the normalised score 0 (random) and 100 (expert) of D4RL. */
export interface ReferenceScores {
  readonly minimum: number;
  readonly maximum: number;
}

/**
 * A maze of D4RL's Maze2D. Positions are those of the observation: the cell in row i and column j is the square
 * [i - 0.7, i + 0.3) x [j - 0.7, j + 0.3), because the particle's origin lies 0.2 off the cell's centre. The
 * "location" of a cell, where episodes start and goals lie, is nevertheless (i, j), as in D4RL.
 */
export interface Maze {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** `[rows * columns]`, row-major, 1 where a wall stands. */
  readonly walls: Uint8Array;
  /** Every cell without a wall, the goal included, row-major. */
  readonly freeCells: readonly MazeCell[];
  readonly goalCell: MazeCell;
  /** Steps of an episode, which never ends earlier. */
  readonly episodeLength: number;
  /** Absent for mazes that are not D4RL's: nobody has normalised scores there. */
  readonly referenceScores?: ReferenceScores;
  /** Steps of D4RL's dataset for this maze. */
  readonly datasetSize: number;
}

/** A maze wherever one comes in from outside. Its walls do not survive JSON: `mazeLayout` writes it as text. */
export const mazeSchema: v.GenericSchema<Maze> = schemas.satisfying(
  "a maze, as mazes has and parseMaze() reads",
  (value) => {
    const { rows, columns, walls, freeCells, goalCell, episodeLength } = (value ?? {}) as Partial<Maze>;
    return (
      v.is(wallsSchema, walls) &&
      walls.length === (rows as number) * (columns as number) &&
      Array.isArray(freeCells) &&
      freeCells.length > 0 &&
      v.is(cellSchema, goalCell) &&
      v.is(lengthSchema, episodeLength)
    );
  },
);
const wallsSchema = optionSchemas.array<Uint8Array>("Uint8Array");
const lengthSchema = schemas.integer(1);
const cellSchema = v.object({ row: schemas.integer(0), column: schemas.integer(0) });

/** @throws `invalid-argument` */
export function checkMaze(what: string, value: unknown): void {
  check(`${what}: the maze`, mazeSchema, value);
}

const textSchema = v.string("a text");
const settingsSchema = schemas.having("settings such as { name, episodeLength, datasetSize }", "name", "episodeLength");

/**
 * Reads a maze: rows separated by `|`, `#` a wall, `O` free, `G` the one evaluation goal. The border must be walls.
 *
 * @throws `invalid-argument` for what is no text, `invalid-data` for another character, ragged rows, an open border or not one goal.
 */
export function parseMaze(
  text: string,
  settings: Pick<Maze, "name" | "episodeLength" | "referenceScores" | "datasetSize">,
): Maze {
  check("parseMaze: the text", textSchema, text);
  check("parseMaze: the settings", settingsSchema, settings);
  const lines = text.split("|");
  const rows = lines.length;
  const columns = lines[0]?.length ?? 0;
  const walls = new Uint8Array(rows * columns);
  const freeCells: MazeCell[] = [];
  const goals: MazeCell[] = [];
  for (const [row, line] of lines.entries()) {
    if (line.length !== columns) {
      fail(settings.name, `row ${row} has ${line.length} cells, row 0 has ${columns}: make them equal`);
    }
    for (const [column, character] of [...line].entries()) {
      const border = row === 0 || column === 0 || row === rows - 1 || column === columns - 1;
      if (character === "#") {
        walls[row * columns + column] = 1;
      } else if (character === "O" || character === "G") {
        if (border) fail(settings.name, `cell (${row}, ${column}) opens the border: put # there`);
        freeCells.push({ row, column });
        if (character === "G") goals.push({ row, column });
      } else {
        fail(settings.name, `cell (${row}, ${column}) is "${character}": use #, O or G`);
      }
    }
  }
  const [goalCell] = goals;
  if (goalCell === undefined || goals.length > 1) fail(settings.name, `it has ${goals.length} goals G: give it one`);
  return { ...settings, rows, columns, walls, freeCells, goalCell };
}

function fail(name: string, problem: string): never {
  throw new DiffusionForcingError("invalid-data", `Maze "${name}" cannot be read: ${problem}.`);
}

/** The text that {@link parseMaze} reads. */
export function mazeLayout({ rows, columns, walls, goalCell }: Maze): string {
  const cell = (row: number, column: number): string => {
    if (walls[row * columns + column] === 1) return "#";
    return row === goalCell.row && column === goalCell.column ? "G" : "O";
  };
  const line = (_: unknown, row: number): string =>
    Array.from({ length: columns }, (_cell, column) => cell(row, column)).join("");
  return Array.from({ length: rows }, line).join("|");
}

/**
 * The three mazes of D4RL's maze2d-umaze-v1, -medium-v1 and -large-v1, and the map of OGBench's pointmaze-giant, in
 * which the particle is D4RL's too.
 */
export const mazes: Readonly<Record<MazeName, Maze>> = {
  umaze: parseMaze("#####|#GOO#|###O#|#OOO#|#####", {
    name: "umaze",
    episodeLength: 300,
    referenceScores: { minimum: 23.85, maximum: 161.86 },
    datasetSize: 1_000_000,
  }),
  medium: parseMaze("########|#OO##OO#|#OO#OOO#|##OOO###|#OO#OOO#|#O#OO#O#|#OOO#OG#|########", {
    name: "medium",
    episodeLength: 600,
    referenceScores: { minimum: 13.13, maximum: 277.39 },
    datasetSize: 2_000_000,
  }),
  large: parseMaze(
    "############|#OOOO#OOOOO#|#O##O#O#O#O#|#OOOOOO#OOO#|#O####O###O#|#OO#O#OOOOO#|##O#O#O#O###|#OO#OOO#OGO#|############",
    {
      name: "large",
      episodeLength: 800,
      referenceScores: { minimum: 6.7, maximum: 273.99 },
      datasetSize: 4_000_000,
    },
  ),
  giant: parseMaze(
    "################|#O#OOOOOO##OOOO#|#O#O##O#O#OO##O#|#OOO#OO#OOO#OOO#|#O###O######O#O#|#OOO#OOO#OOOO#O#|###O#O#OO#O#O###|#OOO#OO#OOO#OOO#|#O#O#O######O#O#|#O###OOO#OOO##O#|#OOOOO#OOO#OOOG#|################",
    { name: "giant", episodeLength: 1000, datasetSize: 4_000_000 },
  ),
};

/** Half of a cell plus the 0.2 by which the particle's origin is off: a cell's lower edge is its index minus this. */
const cellLowerEdge = 0.7;

/** Row or column of the cell that contains a coordinate. */
export function cellIndex(coordinate: number): number {
  return Math.floor(coordinate + cellLowerEdge);
}

/** The cell that contains position (x, y); it may be a wall or lie outside the maze. */
export function cellAt(x: number, y: number): MazeCell {
  return { row: cellIndex(x), column: cellIndex(y) };
}

/** D4RL's location of a cell, where episodes start and goals lie: (row, column), 0.2 off the cell's centre. */
export function cellLocation(cell: MazeCell): [x: number, y: number] {
  return [cell.row, cell.column];
}

/** The middle of a cell, equally far from the walls around it. */
export function cellCentre(cell: MazeCell): [x: number, y: number] {
  return [cell.row - 0.2, cell.column - 0.2];
}

/** True for a wall cell and for every cell outside the maze. */
export function isWall(maze: Maze, row: number, column: number): boolean {
  if (row < 0 || column < 0 || row >= maze.rows || column >= maze.columns) return true;
  return maze.walls[row * maze.columns + column] === 1;
}

/** True if the particle's centre at (x, y) would lie inside a wall box (or outside the maze). */
export function insideWall(maze: Maze, x: number, y: number): boolean {
  return isWall(maze, cellIndex(x), cellIndex(y));
}

/**
 * The share of `points` `[N, 2]` whose centre lies inside a wall box or outside the maze; 0 for no points.
 *
 * @throws `invalid-argument`
 */
export function wallFraction(maze: Maze, points: ArrayLike<number>): number {
  checkMaze("wallFraction", maze);
  checkRows("wallFraction: the points", points, 2);
  let inside = 0;
  for (let index = 0; index < points.length; index += 2) {
    if (insideWall(maze, points[index] as number, points[index + 1] as number)) inside++;
  }
  return points.length === 0 ? 0 : inside / (points.length / 2);
}

const returnSchema = schemas.number();

/**
 * D4RL's normalised score of an episode's return: 0 for its random, 100 for its reference policy; undefined in a maze
 * without reference scores.
 *
 * @throws `invalid-argument`
 */
export function normalizedScore(maze: Maze, episodeReturn: number): number | undefined {
  checkMaze("normalizedScore", maze);
  check("normalizedScore: the return", returnSchema, episodeReturn);
  const { referenceScores } = maze;
  if (referenceScores === undefined) return undefined;
  const { minimum, maximum } = referenceScores;
  return (100 * (episodeReturn - minimum)) / (maximum - minimum);
}
