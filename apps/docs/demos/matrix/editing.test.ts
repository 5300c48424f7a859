import { expect, it } from "vitest";
import { codeOf, rowsOf, withLevel } from "./editing.js";

it("rows have known tokens in front, at level 0", () => {
  expect(rowsOf("full-sequence", 1, 2, 1, 3)).toEqual([
    [0, 2, 2],
    [0, 1, 1],
    [0, 0, 0],
  ]);
  expect(rowsOf("pyramid", 1, 1, 0, 2)).toEqual([
    [1, 1],
    [0, 1],
    [0, 0],
  ]);
});

it("a painted level bends its column so that levels only fall", () => {
  const rows = rowsOf("full-sequence", 1, 4, 0, 2);
  const column = (of: typeof rows, token: number): number[] => of.map((row) => row[token] as number);
  expect(column(withLevel(rows, 2, 0, 4), 0)).toEqual([4, 4, 4, 1, 0]);
  expect(column(withLevel(rows, 2, 0, 0), 0)).toEqual([4, 3, 0, 0, 0]);
  expect(column(withLevel(rows, 2, 0, 0), 1)).toEqual([4, 3, 2, 1, 0]);
  // The first row stays noise and the last one clean.
  expect(withLevel(rows, 0, 0, 0)).toBe(rows);
  expect(withLevel(rows, 4, 0, 3)).toBe(rows);
});

it("the code names a kind, or lists what was painted", () => {
  const about = { kind: "pyramid", uncertainty: 2, edited: false, timesteps: 2, known: 1 } as const;
  const rows = rowsOf("pyramid", 2, 2, 1, 3);
  expect(codeOf(rows, about)).toContain("sample({ context, length: 2, matrix: df.pyramid({ uncertainty: 2 }), seed })");
  expect(codeOf(rows, { ...about, edited: true })).toContain("  [2, 2],\n  [1, 2],");
});
