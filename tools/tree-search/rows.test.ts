import { expect, it } from "vitest";
import { type Compared, comparisonKey, comparisonTable, planningRows, withTable } from "./rows.js";

const measured: Compared = {
  episodes: 50,
  success: { value: 0.98, low: 0.895, high: 0.9964 },
  ratioToExpert: { value: 1.0467, low: 1, high: 1.1 },
  evaluations: 17_408,
};

it("shows success with its interval, steps and evaluations an episode, and what is missing", () => {
  const [first] = planningRows;
  const table = comparisonTable({ [comparisonKey("large", first?.title as string)]: measured });
  expect(table.split("\n")[2]).toBe(
    "| one sample of the longest length | not measured | 98 [90, 100], 1.05, 348 | not measured |",
  );
  expect(first?.options("large")).toEqual(["--tokens", "58", "--candidates", "1"]);
});

it("replaces the table between its marks, and refuses a page without them", () => {
  const page = "before\n<!-- table: npm run tree-search -->\nold\n<!-- end of the table -->\nafter\n";
  expect(withTable(page, "new\n")).toBe(
    "before\n<!-- table: npm run tree-search -->\n\nnew\n\n<!-- end of the table -->\nafter\n",
  );
  expect(() => withTable("before", "new")).toThrow("no <!-- table");
});
