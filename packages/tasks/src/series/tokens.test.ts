import { normalizationCodec } from "@diffusion-forcing/core/bundle";
import { describe, expect, it } from "vitest";
import { fitSeriesNormalization } from "./normalization.js";
import { type SeriesTable, withDoubt } from "./table.js";
import { anchorsOf, tokensOfTable, valuesOfTokens } from "./tokens.js";

const column = (...values: number[]): SeriesTable => ({ columns: ["x"], values: Float64Array.from(values) });
const plain = normalizationCodec({ mean: [0], std: [2] });
const { NaN: gone, POSITIVE_INFINITY: unknown } = Number;

describe("tokensOfTable", () => {
  it("normalises values, and says how far to trust each", () => {
    const table = withDoubt(column(4, gone, 6), { rows: { 2: 3 } });
    const { values, noise } = tokensOfTable({ representation: "level" }, plain, table);
    expect([...values]).toEqual([2, 0, 3]);
    expect([...noise]).toEqual([0, unknown, 1.5]);
  });

  it("counts changes; those of a gap are known as far as their sum tells", () => {
    const { values, noise } = tokensOfTable({ representation: "difference" }, plain, column(1, 3, gone, gone, 9, gone));
    // The gap's three changes sum to 6: each is measured as 6, with an error of variance 3 - 1, in deviations of a step.
    expect([...values]).toEqual([0, 1, 3, 3, 3, 0]);
    expect([...noise]).toEqual([unknown, 0, Math.SQRT2, Math.SQRT2, Math.SQRT2, unknown]);
    // A gap's drift counts for every step of it.
    const drifting = normalizationCodec({ mean: [1], std: [2] });
    expect(tokensOfTable({ representation: "difference" }, drifting, column(1, gone, 9)).values[2]).toBe(3);
  });

  it("a doubtful value makes both changes at it doubtful", () => {
    const table = withDoubt(column(1, 3, 5, 7), { rows: { 1: 4 } });
    expect([...tokensOfTable({ representation: "difference" }, plain, table).noise]).toEqual([unknown, 2, 2, 0]);
    const relative = withDoubt(column(1, 2, 4), { columns: { x: 0.5 } });
    const { values, noise } = tokensOfTable({ representation: "log-return" }, plain, relative);
    expect(values[1]).toBeCloseTo(Math.log(2) / 2, 6);
    expect(noise[2]).toBeCloseTo(Math.hypot(0.25, 0.125) / 2, 6);
    expect(() => tokensOfTable({ representation: "log-return" }, plain, column(1, 0))).toThrow(
      "Column x, row 2: the value is 0; log returns need values above 0.",
    );
  });

  it("goes back to values", () => {
    const back = (representation: "level" | "difference" | "log-return", tokens: number[], start: number) =>
      [...valuesOfTokens({ representation }, plain, 0, tokens, start)].map((value) => Number(value.toFixed(6)));
    expect(back("level", [1, 2], 100)).toEqual([2, 4]);
    expect(back("difference", [1, -2], 100)).toEqual([102, 98]);
    expect(back("log-return", [Math.log(2) / 2, -Math.log(4) / 2], 100)).toEqual([200, 50]);
  });

  it("adds up from the last value to rely on, else from the last one known", () => {
    const table = { columns: ["a", "b", "c"], values: Float64Array.of(1, 2, gone, 3, gone, gone, 5, gone, gone) };
    const rows = (given: SeriesTable, count: number) => anchorsOf(given, count).map(({ row, error }) => [row, error]);
    expect(rows(table, 2)).toEqual([
      [2, 0],
      [0, 0],
      [-1, 0],
    ]);
    expect(rows(withDoubt(table, { rows: { 2: 1 } }), 2)).toEqual([
      [1, 0],
      [0, 0],
      [-1, 0],
    ]);
    expect(rows(withDoubt(table, { columns: { a: 7 } }), 1)).toEqual([
      [2, 7],
      [-1, 0],
      [-1, 0],
    ]);
  });
});

describe("fitSeriesNormalization", () => {
  it("takes mean and deviation of values, and of changes their size alone, over what is known", () => {
    expect(fitSeriesNormalization("level", column(1, gone, 5)).config).toMatchObject({ mean: [3], std: [2] });
    expect(fitSeriesNormalization("difference", column(1, 2, 3, gone, 9, 12)).config).toMatchObject({
      mean: [0],
      std: [Math.sqrt((1 + 1 + 9) / 3)],
    });
  });

  it("refuses what never changes or has no values", () => {
    expect(() => fitSeriesNormalization("level", column(2, 2, 2))).toThrow("Column x never changes; leave it out");
    expect(() => fitSeriesNormalization("difference", column(2, gone, 3))).toThrow(
      "Column x has no values that follow",
    );
  });
});

it("refuses doubt of a column or a row that there is not, and deviations below 0", () => {
  expect(() => withDoubt(column(1, 2), { columns: { y: 1 } })).toThrow(
    "withDoubt: columns is an object with y; expected names of the table's columns: x.",
  );
  expect(() => withDoubt(column(1, 2), { rows: { 2: 1 } })).toThrow(
    "withDoubt: rows is an object with 2; expected numbers of the table's rows, from 0 to 1.",
  );
  expect(() => withDoubt(column(1, 2), { rows: { 1: -1 } })).toThrow(
    "withDoubt: rows.1 is -1; expected a number from 0",
  );
  expect(() => withDoubt(column(1, 2), { column: { x: 1 } } as never)).toThrow("withDoubt: there is no option column.");
});
