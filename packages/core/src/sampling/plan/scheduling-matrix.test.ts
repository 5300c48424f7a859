import { describe, expect, it } from "vitest";
import { checkRows, type SchedulingMatrix, validateSchedulingMatrix } from "./scheduling-matrix.js";

function matrix(steps: number, rows: number[][]): SchedulingMatrix {
  return { steps, tokens: rows[0]?.length ?? 0, rows: rows.map((row) => Int32Array.from(row)) };
}

const good = [
  [2, 2],
  [1, 2],
  [0, 1],
  [0, 0],
];

describe("validateSchedulingMatrix", () => {
  it("accepts columns that fall from pure noise to clean, in leaps or with pauses", () => {
    validateSchedulingMatrix(matrix(2, good));
    validateSchedulingMatrix(matrix(2, [[2], [2], [0]]));
  });

  it("accepts declared starts and ends", () => {
    validateSchedulingMatrix(
      matrix(2, [
        [0, 2],
        [0, 1],
      ]),
      { start: [0, 2], end: [0, 1] },
    );
  });

  it("refuses a column that would feed noise as if it were clean", () => {
    expect(() =>
      validateSchedulingMatrix(
        matrix(2, [
          [2, 0],
          [0, 0],
        ]),
      ),
    ).toThrow(/row 0, column 1 is 0, .* noise would be fed as if it were clean/);
    expect(() => validateSchedulingMatrix(matrix(2, [[1], [0]]))).toThrow(/row 0, column 0 is 1/);
  });

  it.each([
    [
      "a rise",
      2,
      [[2], [1], [2], [0]],
      /row 2, column 0 is 2; expected at most the 1 of row 1.*the nearest legal is 1/,
    ],
    ["an end above 0", 2, [[2], [1]], /row 1, column 0 is 1; expected the column to end at 0/],
    ["an index above S", 2, [[3], [0]], /row 0, column 0 is 3; expected an index from 0 to 2.*the nearest legal is 2/],
    ["a negative index", 2, [[2], [-1]], /row 1, column 0 is -1/],
    ["rows of different lengths", 2, [[2, 2], [0]], /row 1 has 1 entries; expected 2/],
    ["no rows", 2, [], /0 rows/],
    ["no steps", 0, [[0]], /steps is 0/],
  ])("refuses %s", (_what, steps, rows, message) => {
    expect(() => validateSchedulingMatrix(matrix(steps, rows))).toThrow(message);
  });

  it("refuses a context token that the matrix would denoise", () => {
    expect(() => validateSchedulingMatrix(matrix(2, good), { start: [0, 2] })).toThrow(/expected the token's start, 0/);
  });

  it("says whether a token would be taken for clean, or for cleaner than it is", () => {
    expect(() => validateSchedulingMatrix(matrix(2, [[0], [0]]))).toThrow(/as if it were clean\.$/);
    expect(() => validateSchedulingMatrix(matrix(2, [[1], [0]]))).toThrow(/as if it were cleaner\.$/);
  });

  it.each([
    ["start", { start: [2] }],
    ["end", { end: [0, 0, 0] }],
  ])("refuses a %s that is not one for each column", (name, bounds) => {
    expect(() => validateSchedulingMatrix(matrix(2, good), bounds)).toThrow(
      new RegExp(`${name} has . entries; expected one for each of the 2 columns`),
    );
  });

  it.each([
    [null, "it is null"],
    [undefined, "it is undefined"],
    ["rows", 'it is "rows"'],
  ])("refuses %j for a matrix", (value, message) => {
    expect(() => validateSchedulingMatrix(value as never)).toThrow(
      expect.objectContaining({ code: "invalid-scheduling-matrix", message: expect.stringContaining(message) }),
    );
  });
});

it.each<[unknown, string]>([
  [null, "the bounds are null; expected an object with start and end"],
  [{ start: [Number.NaN] }, "start, column 0 is NaN; expected an index from 0 to 2"],
  [{ start: null }, "start has undefined entries; expected one for each of the 1 columns"],
  [{ end: [3] }, "end, column 0 is 3; expected an index from 0 to 2"],
])("refuses the bounds %j", (bounds, message) => {
  const matrix = { steps: 2, tokens: 1, rows: [Int32Array.of(2), Int32Array.of(0)] };
  expect(() => validateSchedulingMatrix(matrix, bounds as never)).toThrow(message);
});

describe("checkRows", () => {
  it.each<[unknown, number, string]>([
    ["22", 1, 'the rows are "22"'],
    [{ length: 1, 0: [2] }, 1, "expected an array"],
    [[], 1, "it has 0 rows and 1 columns"],
    [[[]], 0, "it has 1 rows and 0 columns"],
    [[[2]], 1.5, "it has 1 rows and 1.5 columns"],
    [[null], 1, "row 0 is null; expected 1 level indices"],
    [["2"], 1, 'row 0 is "2"'],
    [[5], 1, "row 0 is 5"],
    [[{}], 1, "row 0 is"],
    [[[0.5]], 1, "row 0, column 0 is 0.5"],
    [[[-1]], 1, "row 0, column 0 is -1; expected an index from 0 to 2; the nearest legal is 0"],
    [[[Number.NaN]], 1, "column 0 is NaN; expected an index from 0 to 2; the nearest legal is 2"],
  ])("refuses the rows %j of %d tokens", (rows, tokens, message) => {
    expect(() => checkRows(rows as never, 2, tokens)).toThrow(
      expect.objectContaining({ code: "invalid-scheduling-matrix", message: expect.stringContaining(message) }),
    );
  });
});
