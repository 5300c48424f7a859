import { describe, expect, it } from "vitest";
import { fullSequence, pyramid, trapezoid } from "../matrix-shapes.js";
import { officialPasses } from "./official-passes.js";

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
