import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";

/**
 * The order in which tokens are denoised, as plain data. Row m holds every token's level index before step m: an index
 * from 0 (clean) to `steps` (noise only) into the table of `timestepLevels`. Step m takes the tokens from row m to row
 * m + 1; the last row is what sampling ends with.
 */
export interface SchedulingMatrix {
  /** S, the index of pure noise. */
  readonly steps: number;
  /** Number of columns. */
  readonly tokens: number;
  /** Each of `tokens` entries. */
  readonly rows: readonly Int32Array[];
}

/** Where the columns of a matrix are allowed to start and end. */
export interface MatrixBounds {
  /** Level index of each column's first row; default `steps`, pure noise. A token given as context starts at 0. */
  readonly start?: ArrayLike<number>;
  /** Level index of each column's last row; default 0, clean. */
  readonly end?: ArrayLike<number>;
}

function invalid(message: string): DiffusionForcingError {
  return new DiffusionForcingError("invalid-scheduling-matrix", `Scheduling matrix: ${message}.`);
}

function checkBound(
  bound: ArrayLike<number> | undefined,
  name: string,
  { steps, tokens }: Pick<SchedulingMatrix, "steps" | "tokens">,
): void {
  if (bound === undefined) return;
  if (bound?.length !== tokens) {
    throw invalid(`${name} has ${describe(bound?.length)} entries; expected one for each of the ${tokens} columns`);
  }
  for (let column = 0; column < tokens; column++) {
    const index = bound[column] as number;
    if (Number.isInteger(index) && index >= 0 && index <= steps) continue;
    throw invalid(`${name}, column ${column} is ${describe(index)}; expected an index from 0 to ${steps}`);
  }
}

/**
 * Checks that rows can be walked: `tokens` columns of level indices 0..steps that never rise.
 *
 * @throws `invalid-scheduling-matrix`, naming the row, the column and the nearest legal index.
 */
export function checkRows(rows: readonly ArrayLike<number>[], steps: number, tokens: number): void {
  if (!Number.isSafeInteger(steps) || steps < 1) {
    throw invalid(`steps is ${describe(steps)}; expected a positive integer`);
  }
  if (!Array.isArray(rows)) throw invalid(`the rows are ${describe(rows)}; expected an array`);
  if (rows.length === 0 || !Number.isSafeInteger(tokens) || tokens < 1) {
    throw invalid(`it has ${rows.length} rows and ${describe(tokens)} columns; expected at least one of each`);
  }
  for (let m = 0; m < rows.length; m++) {
    const row = rows[m];
    if (typeof row !== "object" || row === null || !("length" in row)) {
      throw invalid(`row ${m} is ${describe(row)}; expected ${tokens} level indices`);
    }
    if (row.length !== tokens) throw invalid(`row ${m} has ${describe(row.length)} entries; expected ${tokens}`);
    for (let column = 0; column < tokens; column++) {
      const index = row[column] as number;
      const above = rows[m - 1]?.[column];
      const highest = above ?? steps;
      if (Number.isInteger(index) && index >= 0 && index <= highest) continue;
      const nearest = Number.isFinite(index) ? Math.min(Math.max(Math.round(index), 0), highest) : highest;
      const rule =
        above === undefined
          ? `an index from 0 to ${steps}`
          : `at most the ${above} of row ${m - 1}, as a column never rises`;
      throw invalid(
        `row ${m}, column ${column} is ${describe(index)}; expected ${rule}; the nearest legal is ${nearest}`,
      );
    }
  }
}

/**
 * Checks that sampling by this matrix denoises every token: each column starts at pure noise (or where `bounds` says),
 * never rises, and ends clean. A column that starts lower than its content is refused: the model would be told that
 * noise is (partly) clean.
 *
 * @throws `invalid-scheduling-matrix`, naming the row and the column.
 */
export function validateSchedulingMatrix(matrix: SchedulingMatrix, bounds: MatrixBounds = {}): void {
  if (typeof matrix !== "object" || matrix === null) {
    throw invalid(`it is ${describe(matrix)}; expected an object with steps, tokens and rows`);
  }
  if (typeof bounds !== "object" || bounds === null) {
    throw invalid(`the bounds are ${describe(bounds)}; expected an object with start and end`);
  }
  const { steps, tokens, rows } = matrix;
  checkRows(rows, steps, tokens);
  checkBound(bounds.start, "start", matrix);
  checkBound(bounds.end, "end", matrix);
  const last = rows.length - 1;
  for (let column = 0; column < tokens; column++) {
    const first = rows[0]![column] as number;
    const start = bounds.start?.[column] ?? steps;
    if (first < start) {
      throw invalid(
        `row 0, column ${column} is ${first}, but the token starts at ${start}: its noise would be fed as if it were ${first === 0 ? "clean" : "cleaner"}`,
      );
    }
    if (first > start) throw invalid(`row 0, column ${column} is ${first}; expected the token's start, ${start}`);
    const end = bounds.end?.[column] ?? 0;
    const final = rows[last]![column] as number;
    if (final !== end) throw invalid(`row ${last}, column ${column} is ${final}; expected the column to end at ${end}`);
  }
}
