import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { corpusOf, randomWindows, spreadWindows } from "./text.js";

const file = (text: string, name = "a.txt") => ({ name, bytes: new TextEncoder().encode(text) });

describe("corpusOf", () => {
  it("numbers the characters that occur and holds out the last tenth", () => {
    const { alphabet, training, heldOut } = corpusOf(file("abcab".repeat(12)), 2);
    expect([alphabet, training.length, Array.from(heldOut)]).toEqual(
      ["abc", 54, [1, 0, 1, 2, 0, 1].slice(0, 6)].map((x) => x),
    );
  });

  it("refuses what is no text, too short, or of another alphabet, by name", () => {
    expect(() => corpusOf({ name: "b.bin", bytes: Uint8Array.of(0xff, 0xfe) }, 2)).toThrow(/b\.bin is not UTF-8/);
    expect(() => corpusOf(file("ab".repeat(10)), 2)).toThrow(/20 characters; windows of 2 need at least 40/);
    expect(() => corpusOf(file("a".repeat(100)), 2)).toThrow(/1 different characters/);
    expect(() => corpusOf(file(`${"ab".repeat(50)}é`), 2, "ab")).toThrow(/"é" at character 100/);
  });
});

describe("windows", () => {
  const symbols = Int32Array.from({ length: 10 }, (_, i) => i);

  it("come from random places, or equally spread from the first to the last", () => {
    const { shape, data } = randomWindows(symbols, 3, 4, createRandom(1));
    expect(shape).toEqual([3, 4]);
    for (let b = 0; b < 3; b++) expect(data[4 * b + 3]! - data[4 * b]!).toBe(3);
    expect(Array.from(spreadWindows(symbols, 3, 4).data)).toEqual([0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9]);
  });
});
