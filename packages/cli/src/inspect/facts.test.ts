import { expect, it } from "vitest";
import { factsOf, formatFacts } from "./facts.js";

it("writes a pair a line and wraps long values at 100 columns", () => {
  const text = formatFacts([
    ["operators", Array.from({ length: 40 }, (_, i) => `Operator${i}`).join(", ")],
    ["nodes", "4"],
  ]);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  expect(text).toMatch(/^ {2}operators {2}Operator0, .*\n {13}Operator\d+/);
  expect(text).toMatch(/\n {2}nodes {6}4$/);
});

it("shows control characters as boxes", () => {
  expect(formatFacts([["a\u001b[2J", "b\nc"]])).toBe("  a\u25a1[2J  b\u25a1c");
});

it("writes what is nested in a line, kinds first and long lists by their ends", () => {
  const config = {
    kind: "planner",
    lengths: [3, 4, 5, 6, 7, 8, 9, 10, 11],
    model: { kind: "transformer", width: 128, rates: [1, 2] },
    codecs: [{ kind: "scale", by: 2 }, { kind: "stack" }],
    training: { schedule: { kind: "cosine", warmupSteps: 10 }, seed: null },
  };
  expect(factsOf(config)).toEqual([
    ["kind", "planner"],
    ["lengths", "[3, 4, ..., 11]"],
    ["model", "transformer, width 128, rates [1, 2]"],
    ["codecs", "[(scale, by 2), (stack)]"],
    ["training", "schedule (cosine, warmupSteps 10), seed null"],
  ]);
  expect(factsOf("config.json is no JSON")).toEqual([["", "config.json is no JSON"]]);
});

it("survives nesting without end", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 5000; i++) deep = { deep };
  expect(factsOf(deep)).toEqual([["deep", "deep (deep (deep (deep (...))))"]]);
});
