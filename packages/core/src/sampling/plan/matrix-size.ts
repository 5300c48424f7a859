import { DiffusionForcingError } from "../../engine/errors.js";

/** More than any walk could use; a huge uncertainty or number of tokens would take all memory for its rows. */
const MOST_ENTRIES = 2 ** 24;
const MOST_ROWS = 2 ** 19;

/** @throws `invalid-scheduling-matrix` for more rows, or more entries, than a matrix may have. */
export function checkMatrixSize(steps: number, tokens: number, height: number): void {
  if (height * tokens <= MOST_ENTRIES && height <= MOST_ROWS) return;
  throw new DiffusionForcingError(
    "invalid-scheduling-matrix",
    `schedulingMatrix: ${height} rows of ${tokens} tokens are too many; expected at most ${MOST_ROWS} rows and ${MOST_ENTRIES} entries. An uncertainty above the number of steps, ${steps}, changes nothing but the waiting.`,
  );
}
