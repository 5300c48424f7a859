import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  autoregressive,
  fullSequence,
  type MatrixShape,
  matrixFrom,
  pyramid,
  schedulingMatrix,
  schedulingMatrixFromName,
  trapezoid,
} from "./matrix-shapes.js";
import { validateSchedulingMatrix } from "./scheduling-matrix.js";

function rows(shape: MatrixShape, steps: number, tokens: number): number[][] {
  return schedulingMatrix(shape, steps, tokens).rows.map((row) => [...row]);
}

describe("schedulingMatrix", () => {
  it("lets all tokens of a full sequence fall together", () => {
    expect(rows(fullSequence(), 2, 3)).toEqual([
      [2, 2, 2],
      [1, 1, 1],
      [0, 0, 0],
    ]);
  });

  it("finishes one token after another in the autoregressive matrix", () => {
    expect(rows(autoregressive(), 2, 2)).toEqual([
      [2, 2],
      [1, 2],
      [0, 2],
      [0, 1],
      [0, 0],
    ]);
  });

  it("delays each token of a pyramid by the uncertainty", () => {
    expect(rows(pyramid(), 4, 2)).toEqual([
      [4, 4],
      [3, 4],
      [2, 3],
      [1, 2],
      [0, 1],
      [0, 0],
    ]);
    // Half an index per token, rounded down.
    expect(rows(pyramid({ uncertainty: 0.5 }), 2, 3)).toEqual([
      [2, 2, 2],
      [1, 1, 2],
      [0, 0, 1],
      [0, 0, 0],
    ]);
  });

  it("starts a trapezoid at both ends", () => {
    expect(rows(trapezoid(), 2, 4)).toEqual([
      [2, 2, 2, 2],
      [1, 2, 2, 1],
      [0, 1, 1, 0],
      [0, 0, 0, 0],
    ]);
    expect(rows(trapezoid(), 2, 5)).toEqual([
      [2, 2, 2, 2, 2],
      [1, 2, 2, 2, 1],
      [0, 1, 2, 1, 0],
      [0, 0, 1, 0, 0],
      [0, 0, 0, 0, 0],
    ]);
  });

  it("always yields a valid matrix", () => {
    const uncertainty = fc.double({ min: 0, max: 12, noNaN: true });
    const shape = fc.oneof(
      fc.constant(fullSequence()),
      fc.constant(autoregressive()),
      uncertainty.map((value) => pyramid({ uncertainty: value })),
      uncertainty.map((value) => trapezoid({ uncertainty: value })),
    );
    const size = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(shape, size, size, (given, steps, tokens) => {
        validateSchedulingMatrix(schedulingMatrix(given, steps, tokens));
      }),
      { seed: 1 },
    );
  });

  it("refuses sizes that are not positive integers", () => {
    expect(() => schedulingMatrix(pyramid(), 0, 3)).toThrow(/steps is 0/);
    expect(() => schedulingMatrix(pyramid(), 3, 1.5)).toThrow(/tokens is 1.5/);
    expect(() => pyramid({ uncertainty: -1 })).toThrow(/uncertainty is -1/);
    expect(() => schedulingMatrix(pyramid(), 0, 3)).toThrow(
      expect.objectContaining({ code: "invalid-scheduling-matrix" }),
    );
  });

  it("refuses more rows, or more entries, than any walk could use", () => {
    expect(() => schedulingMatrix(fullSequence(), 2 ** 19, 1)).toThrow(/524289 rows of 1 tokens are too many/);
    expect(() => schedulingMatrix(fullSequence(), 1, 2 ** 23 + 1)).toThrow(/2 rows of 8388609 tokens are too many/);
    expect(() => schedulingMatrix(pyramid({ uncertainty: 1e7 }), 2, 3)).toThrow(/are too many/);
  });

  it.each<[unknown, string]>([
    [null, "kind is undefined"],
    [undefined, "kind is undefined"],
    [5, "kind is undefined"],
    ["pyramid", "kind is undefined"],
    [{}, "kind is undefined"],
    [{ kind: 3 }, "kind is 3"],
    [{ kind: ["pyramid"], uncertainty: 1 }, "kind is"],
    [{ kind: "toString" }, 'kind is "toString"'],
    [Object.assign(() => {}, { kind: "full-sequence" }), "kind is undefined"],
  ])("refuses the shape %j, and says which there are", (shape, message) => {
    expect(() => schedulingMatrix(shape as MatrixShape, 2, 2)).toThrow(
      expect.objectContaining({
        code: "invalid-scheduling-matrix",
        message: expect.stringMatching(new RegExp(`${message}.*full-sequence, autoregressive, pyramid, trapezoid`)),
      }),
    );
  });
});

describe("matrixFrom", () => {
  const own = (steps: number, rows: number[][]) => () => ({
    steps,
    tokens: rows[0]!.length,
    rows: rows.map((row) => Int32Array.from(row)),
  });

  it("builds the matrix of a shape, and asks a function for its own", () => {
    expect(matrixFrom(pyramid(), 2, 2)).toEqual(schedulingMatrix(pyramid(), 2, 2));
    const asked: number[][] = [];
    const matrix = matrixFrom(
      (steps, tokens) => {
        asked.push([steps, tokens]);
        return own(2, [[2], [0]])();
      },
      2,
      1,
    );
    expect(matrix.rows.map((row) => [...row])).toEqual([[2], [0]]);
    expect(asked).toEqual([[2, 1]]);
  });

  it("refuses a matrix that is none, or of other steps or tokens", () => {
    expect(() => matrixFrom(own(2, [[2], [1]]), 2, 1)).toThrow(/expected the column to end at 0/);
    expect(() => matrixFrom(own(3, [[3], [0]]), 2, 1)).toThrow(/made for 3 steps and 1 tokens; expected 2 and 1/);
    expect(() => matrixFrom(own(2, [[2], [0]]), 2, 2)).toThrow(/made for 2 steps and 1 tokens; expected 2 and 2/);
  });
});

describe("schedulingMatrixFromName", () => {
  it("knows every shape", () => {
    expect(schedulingMatrixFromName("pyramid", { uncertainty: 2 })).toEqual({ kind: "pyramid", uncertainty: 2 });
    expect(schedulingMatrixFromName("full-sequence")).toEqual({ kind: "full-sequence" });
    expect(schedulingMatrixFromName("autoregressive")).toEqual({ kind: "autoregressive" });
    expect(schedulingMatrixFromName("trapezoid")).toEqual({ kind: "trapezoid", uncertainty: 1 });
  });

  it("refuses an unknown name and lists the legal ones", () => {
    expect(() => schedulingMatrixFromName("zigzag")).toThrow(
      /"zigzag".*full-sequence, autoregressive, pyramid, trapezoid/,
    );
    expect(() => schedulingMatrixFromName(["pyramid"] as never)).toThrow(/kind is \["pyramid"\]/);
  });
});
