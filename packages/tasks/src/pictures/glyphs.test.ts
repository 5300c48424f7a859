import { expect, it } from "vitest";
import { glyphLines, glyphWidth } from "./glyphs.js";

it("gives the lines of every character at its place", () => {
  expect(glyphLines("-l")).toEqual([
    [
      [1, 3],
      [3, 3],
    ],
    [
      [8, 0],
      [8, 6],
    ],
  ]);
  expect(glyphLines(" ")).toEqual([]);
  expect([glyphWidth(""), glyphWidth("ab")]).toEqual([0, 11]);
});

it("draws all of printable ASCII that legends need, and a box for what it has not", () => {
  const box = glyphLines("\u{1f600}");
  for (const character of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;-+=/()%<>'\"_!?#") {
    expect(glyphLines(character), character).not.toEqual(box);
  }
  expect(glyphLines("toString")).toHaveLength(glyphLines("t").length + glyphLines("oString").length);
});
