import { expect, it } from "vitest";
import { checkMatrixSize } from "./matrix-size.js";

it.each([
  [1, 1],
  [2 ** 19, 1],
  [2 ** 19, 32],
  [2, 2 ** 23],
])("takes %d rows of %d tokens", (height, tokens) => {
  expect(() => checkMatrixSize(9, tokens, height)).not.toThrow();
});

it.each([
  [2 ** 19 + 1, 1],
  [2 ** 19, 33],
  [2, 2 ** 23 + 1],
  [Number.POSITIVE_INFINITY, 3],
  [Number.NaN, 3],
])("refuses %d rows of %d tokens", (height, tokens) => {
  expect(() => checkMatrixSize(9, tokens, height)).toThrow(
    expect.objectContaining({
      code: "invalid-scheduling-matrix",
      message: expect.stringContaining(`${height} rows of ${tokens} tokens are too many; expected at most 524288 rows`),
    }),
  );
});
