import { describe, expect, it } from "vitest";
import { editDistance } from "./edit-distance.js";

const letters = (word: string) => Array.from(word, (letter) => letter.charCodeAt(0));

describe("editDistance", () => {
  it.each([
    ["kitten", "sitting", 3],
    ["", "abc", 3],
    ["abc", "", 3],
    ["abc", "abc", 0],
    ["abc", "acb", 2],
  ])("of %o and %o is %i", (a, b, distance) => {
    expect(editDistance(letters(a), letters(b))).toBe(distance);
  });
});
