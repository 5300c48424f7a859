import { expect, it } from "vitest";
import { describe as describeValue } from "./describe.js";

it.each([
  [3.5, "3.5"],
  [Number.NaN, "NaN"],
  [undefined, "undefined"],
  [null, "null"],
  ["word", '"word"'],
  [5n, "5n"],
  [[1, "a", null], '[1, "a", null]'],
  [new Float32Array(3), "a Float32Array of 3 elements"],
  [Int32Array.of(1), "an Int32Array of 1 elements"],
  [{}, "an object"],
  [{ toString: 1 }, "an object with toString"],
  [{ a: 1, b: 2, c: 3, d: 4, e: 5 }, "an object with a, b, c, d, ..."],
  [() => 1, "a function"],
])("describes %o as %s", (value, expected) => {
  expect(describeValue(value)).toBe(expected);
});

it("is short for what is long or nested without end", () => {
  let nested: unknown = 1;
  for (let i = 0; i < 20_000; i++) nested = [nested];
  expect(describeValue(nested)).toBe("an array of 1 elements");
  expect(describeValue("x".repeat(1e6)).length).toBeLessThan(80);
  expect(describeValue({ ["k".repeat(1e6)]: 1 }).length).toBeLessThan(80);
});
