import { describe, expect, it } from "vitest";
import { patchRotaryTables, patchSinusoids } from "./positions.js";

const grid = { rows: 1, columns: 2, features: 1 };
const close = (values: number[]) => values.map((value) => expect.closeTo(value, 6));

describe("positions of patches", () => {
  it("turn pairs of features by time and by column, two of three pairs by time", () => {
    const { cosines, sines } = patchRotaryTables(2, { time: true, grid }, 6);
    expect(cosines.shape).toEqual([4, 6]);
    // Time: frequencies 1 and 0.01; column: frequency 1. Rows: (time, column) = (0, 0), (0, 1), (1, 0), (1, 1).
    const [s, slow] = [Math.sin(1), Math.sin(0.01)];
    expect([...sines.data]).toEqual(
      close([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, s, s, s, s, slow, slow, 0, 0, s, s, slow, slow, s, s]),
    );
  });

  it("within a frame leave time out", () => {
    const { sines } = patchRotaryTables(1, { time: false, grid }, 4);
    expect([...sines.data]).toEqual(close([0, 0, 0, 0, Math.sin(1), Math.sin(1), Math.sin(0.01), Math.sin(0.01)]));
  });

  it("run row by row where a frame is wider than it is high", () => {
    const wide = { rows: 2, columns: 3, features: 1 };
    const places = [0, 1].flatMap((row) => [0, 1, 2].map((column) => [row, column] as const));
    const { sines, cosines } = patchRotaryTables(1, { time: false, grid: wide }, 4);
    const pairs = (of: (x: number) => number) =>
      places.flatMap(([row, column]) => [of(row), of(row), of(column), of(column)]);
    expect([...sines.data]).toEqual(close(pairs(Math.sin)));
    expect([...cosines.data]).toEqual(close(pairs(Math.cos)));
    const { data } = patchSinusoids(2, wide, 6);
    const rows = [0, 1].flatMap((time) =>
      places.flatMap(([row, column]) => [time, row, column].flatMap((x) => [Math.cos(x), Math.sin(x)])),
    );
    expect([...data]).toEqual(close(rows));
    const later = patchRotaryTables(1, { time: true, grid: wide }, 6, 4);
    expect(later.sines.data[0]).toBeCloseTo(Math.sin(4), 6);
  });

  it("give the same turn to the same place however many frames there are", () => {
    const one = patchRotaryTables(1, { time: true, grid: { ...grid, rows: 3 } }, 8);
    const many = patchRotaryTables(5, { time: true, grid: { ...grid, rows: 3 } }, 8);
    expect([...many.sines.data.subarray(0, one.sines.data.length)]).toEqual([...one.sines.data]);
    const [short, long] = [patchSinusoids(1, grid, 8), patchSinusoids(5, grid, 8)];
    expect([...long.data.subarray(0, short.data.length)]).toEqual([...short.data]);
  });

  it("as sinusoids: cosines and sines of time beside those of the column", () => {
    const { shape, data } = patchSinusoids(2, grid, 4);
    expect(shape).toEqual([4, 4]);
    const [c, s] = [Math.cos(1), Math.sin(1)];
    expect([...data]).toEqual(close([1, 0, 1, 0, 1, 0, c, s, c, s, 1, 0, c, s, c, s]));
  });
});
