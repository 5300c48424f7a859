import { readSeries } from "@diffusion-forcing/tasks/series";
import { expect, it } from "vitest";
import { markedTable, marksOf, marksText, typicalStep } from "./marks.js";
import { leastRows, model } from "./model.js";
import { sampleCsv } from "./sample.js";

it("marks go into an address and come out of it, whatever else stands there", () => {
  const marks = marksOf({ missing: "0-2,5", doubtful: "9,7-8,x,1e3,-4,99-100,," }, 31);
  expect([...marks].map(([row, mark]) => `${row} ${mark}`)).toEqual([
    ...["0 missing", "1 missing", "2 missing", "5 missing"],
    ...["9 doubtful", "7 doubtful", "8 doubtful"],
  ]);
  expect([marksText(marks, "missing"), marksText(marks, "doubtful")]).toEqual(["0-2,5", "7-9"]);
  expect(marksOf({ missing: "0-9999", doubtful: null }, 31).size).toBe(31);
});

it("marked rows are missing, or doubtful", () => {
  const table = { columns: ["a", "b"], values: Float64Array.of(1, 2, 3, 4, 5, 6) };
  const { values, doubt } = markedTable(table, marksOf({ missing: "0", doubtful: "2" }, 3), 0.5);
  expect(Array.from(values)).toEqual([1, 2, 3, 4, Number.NaN, Number.NaN]);
  expect(Array.from(doubt ?? [])).toEqual([0.5, 0.5, 0, 0, 0, 0]);
  expect(Array.from(table.values)).toEqual([1, 2, 3, 4, 5, 6]);
});

it("a step is the root of the mean square of changes, gaps left out", () => {
  expect(typicalStep([0, 3, Number.NaN, 9, 5])).toBe(Math.sqrt((9 + 16) / 2));
});

it("the sample is read as the model's eight rates, of changes as large as it knows", async () => {
  const table = await readSeries({ name: "sample.csv", bytes: new TextEncoder().encode(sampleCsv()) });
  expect([table.columns, table.values.length / 8 > leastRows]).toEqual([model.columns, true]);
  const rate = Float64Array.from({ length: table.values.length / 8 }, (_, row) => table.values[8 * row] as number);
  const step = typicalStep(rate.map(Math.log));
  expect(step).toBeGreaterThan(0.0076 / 2);
  expect(step).toBeLessThan(2 * 0.0076);
});
