import { describe, expect, it } from "vitest";
import { fullSequence, pyramid, trapezoid } from "../sampling/plan/matrix-shapes.js";
import { validateSchedulingMatrix } from "../sampling/plan/scheduling-matrix.js";
import { officialMatrix, officialPasses } from "./matrices.js";

const rows = (name: string, uncertainty: number, steps: number, tokens: number): number[][] =>
  officialMatrix(name, uncertainty, steps, tokens).rows.map((row) => [...row]);

describe("officialMatrix", () => {
  it("is the usual one for all but the trapezoid", () => {
    expect(rows("full_sequence", 1, 2, 2)).toEqual([
      [2, 2],
      [1, 1],
      [0, 0],
    ]);
    expect(rows("pyramid", 1, 2, 2)).toEqual([
      [2, 2],
      [1, 2],
      [0, 1],
      [0, 0],
    ]);
  });

  it("has a trapezoid that mirrors column 1, never schedules the middle of an even number, and ends too early", () => {
    expect(rows("trapezoid", 1, 2, 4)).toEqual([
      [2, 2, 0, 2],
      [1, 2, 0, 2],
      [0, 1, 0, 1],
      [0, 0, 0, 0],
    ]);
    expect(rows("trapezoid", 1, 4, 5)).toEqual([
      [4, 4, 4, 4, 4],
      [3, 4, 4, 4, 4],
      [2, 3, 4, 4, 3],
      [1, 2, 3, 3, 2],
      [0, 1, 2, 2, 1],
      [0, 0, 1, 1, 0],
      [0, 0, 0, 0, 0],
    ]);
    const even = officialMatrix("trapezoid", 1, 4, 2);
    expect([...even.rows[0]!]).toEqual([4, 0]);
    expect(() => validateSchedulingMatrix(even)).toThrow(/row 0, column 1 is 0, .* as if it were clean/);
  });
});

describe("officialPasses", () => {
  it("steps waiting and finished tokens in every pass", () => {
    expect(officialPasses(pyramid(), 3, 2)).toEqual([
      [3, 3],
      [2, 3],
      [1, 2],
      [1, 1],
      [1, 1],
    ]);
    expect(officialPasses(fullSequence(), 2, 2)).toEqual([
      [2, 2],
      [1, 1],
    ]);
  });

  it("has no trapezoid", () => {
    expect(() => officialPasses(trapezoid(), 3, 2)).toThrow(/no trapezoid/);
  });
});
