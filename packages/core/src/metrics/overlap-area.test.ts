import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { overlapArea } from "./overlap-area.js";

const histogram = (...data: number[]) => ({ shape: [data.length], data });

describe("overlapArea", () => {
  it("is what two distributions share", () => {
    // (1, 3) / 4 and (1, 1) / 2: min(.25, .5) + min(.75, .5).
    expect(overlapArea(histogram(1, 3), histogram(5, 5))).toBeCloseTo(0.75, 12);
    expect(overlapArea(histogram(2, 6, 0), histogram(1, 3, 0))).toBeCloseTo(1, 12);
    expect(overlapArea(histogram(1, 0), histogram(0, 7))).toBe(0);
  });

  it("lies within 0 and 1, is symmetric, and 1 less the total variation distance", () => {
    const counts = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        fc.pre(a.some((x) => x > 0) && b.some((x) => x > 0));
        const area = overlapArea(histogram(...a), histogram(...b));
        const [all, every] = [a, b].map((x) => x.reduce((sum, y) => sum + y, 0)) as [number, number];
        const variation = a.reduce((sum, x, i) => sum + Math.abs(x / all - b[i]! / every), 0) / 2;
        expect(area).toBeCloseTo(1 - variation, 10);
        expect(overlapArea(histogram(...b), histogram(...a))).toBeCloseTo(area, 12);
      }),
    );
  });

  it("refuses what are no histograms of the same bins", () => {
    expect(() => overlapArea(histogram(1, 2), histogram(1))).toThrow("two histograms [N] of the same bins");
    const column = { shape: [2, 1], data: Float64Array.of(1, 2) };
    expect(() => overlapArea(column, histogram(1, 2))).toThrow("got [2, 1] and [2]");
    expect(() => overlapArea(histogram(1, 2), column)).toThrow("got [2] and [2, 1]");
    expect(() => overlapArea(histogram(0, 0), histogram(1, 1))).toThrow("the first histogram holds a weight below 0");
    expect(() => overlapArea(histogram(1, 1), histogram(-1, 2))).toThrow("the second histogram");
    expect(() => overlapArea(histogram(1, Number.NaN), histogram(1, 1))).toThrow("NaN");
  });
});
