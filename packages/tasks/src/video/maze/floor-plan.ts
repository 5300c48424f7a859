import { DiffusionForcingError } from "@diffusion-forcing/core";
import { check, describe, schemas } from "@diffusion-forcing/core/backend";
import { type WallKind, wallKinds } from "./walls.js";

/** A maze seen from above: x to the right, y downwards, a square of floor or wall from each whole number to the next. */
export interface FloorPlan {
  /** Rows as they are drawn: a wall's letter, or `.` for floor. */
  readonly rows: readonly string[];
  readonly columns: number;
  /** Which wall stands in a square; undefined: none. Everything outside is wall. */
  wallAt(column: number, row: number): WallKind | undefined;
  /** The squares of floor, row by row. */
  readonly floor: readonly (readonly [column: number, row: number])[];
}

const planSchema = schemas.having<FloorPlan>("a maze, as floorPlan() reads one", "floor", "wallAt");

/** The check of a plan that comes in from outside. @throws `invalid-argument` */
export function checkPlan(what: string, value: unknown): void {
  check(`${what}: the maze`, planSchema, value);
}

const MOST_SQUARES = 64;

/**
 * Reads a maze drawn as text: `#` bricks, `=` stone, `%` hedge, `|` boards, `.` or a space for floor. It must be closed
 * by walls all round.
 *
 * @throws `invalid-config` naming row and column of what is wrong.
 */
export function floorPlan(rows: readonly string[]): FloorPlan {
  const refuse = (problem: string): never => {
    throw new DiffusionForcingError("invalid-config", `The maze's plan: ${problem}.`);
  };
  if (!Array.isArray(rows) || !rows.every((row) => typeof row === "string")) {
    refuse(`it is ${describe(rows)}; expected its rows, a text each`);
  }
  const drawn = rows.map((row) => row.replaceAll(" ", "."));
  const columns = drawn[0]?.length ?? 0;
  const fits = (count: number): boolean => count >= 3 && count <= MOST_SQUARES;
  if (!fits(drawn.length) || !fits(columns)) {
    refuse(`it has ${drawn.length} rows of ${columns} squares; expected 3 to ${MOST_SQUARES} of both`);
  }
  const floor: [number, number][] = [];
  for (const [y, row] of drawn.entries()) {
    if (row.length !== columns) refuse(`row ${y + 1} has ${row.length} squares and row 1 has ${columns}`);
    for (const [x, letter] of [...row].entries()) {
      const isFloor = letter === ".";
      if (!isFloor && wallKinds[letter] === undefined) {
        const known = Object.keys(wallKinds).join(" ");
        refuse(`row ${y + 1}, column ${x + 1} is ${describe(letter)}; expected one of ${known} or . for floor`);
      }
      if (!isFloor) continue;
      if (x === 0 || y === 0 || x === columns - 1 || y === drawn.length - 1) {
        refuse(`row ${y + 1}, column ${x + 1} is floor at the edge; expected walls all round`);
      }
      floor.push([x, y]);
    }
  }
  if (floor.length === 0) refuse("there is no floor");
  const outside = wallKinds["#"] as WallKind;
  return {
    rows: drawn,
    columns,
    floor,
    wallAt: (column, row) => {
      const letter = drawn[row]?.[column];
      if (letter === undefined) return outside;
      return letter === "." ? undefined : wallKinds[letter];
    },
  };
}

/** The maze of the presets: a loop with four arms, each corner in a material of its own. */
export const gardenPlan: readonly string[] = [
  "####%%%%", //
  "#...%..%",
  "#.#...%%",
  "#.##%%.%",
  "#......%",
  "=.=|.||%",
  "=....|.|",
  "==.=...|",
  "====||||",
];
