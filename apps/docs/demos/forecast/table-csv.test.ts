import { readSeries } from "@diffusion-forcing/tasks/series";
import { expect, it } from "vitest";
import { tableCsv } from "./table-csv.js";

it("a table is read again as it was written, gaps and strange names too", async () => {
  const text = 'date,"a, ""b""",2\n2024-01-31,1.5,2\n2024-02-29,,0.1\n2024-03-31,3,4\n';
  const table = await readSeries({ name: "a.csv", bytes: new TextEncoder().encode(text) }, { missing: true });
  expect(table.columns).toEqual(['a, "b"', "2"]);
  expect(tableCsv(table)).toBe(text);
});
