import { expect, it } from "vitest";
import { formatTable } from "./table.js";

it("aligns the first column left, the others right, without trailing spaces", () => {
  const text = formatTable([
    ["name", "value", "unit"],
    ["a longer name", "1.5", "ms"],
    ["short", "200"],
  ]);
  expect(text.split("\n")).toEqual([
    "  name           value  unit",
    "  a longer name    1.5    ms",
    "  short            200",
  ]);
});

it("is empty without rows", () => {
  expect(formatTable([])).toBe("");
});

it("shows control characters as boxes: a name in a file must not move the cursor or break the line", () => {
  expect(formatTable([["a\u001b[2Jb", "c\nd\u009b"]])).toBe("  a\u25a1[2Jb  c\u25a1d\u25a1");
});
