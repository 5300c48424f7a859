import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  autoregressive,
  fullSequence,
  type MatrixShape,
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
  });
});
