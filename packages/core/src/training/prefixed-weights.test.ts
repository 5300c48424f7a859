import { expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { multipliersOf } from "./constraints.js";
import { splitWeights } from "./prefixed-weights.js";
import { withoutPrototypes } from "./self-labels.js";
import { withoutDiscriminator } from "./truncated.js";

it("splits weights by the prefix of their names, in order", () => {
  const [a, b] = [tensor([1]), tensor([2])];
  expect(splitWeights("f", { "x.a": a, b, "x.": b, "y.x.a": a }, "x.")).toEqual({
    beside: { a, "": b },
    others: { b, "y.x.a": a },
  });
  expect(splitWeights("f", {}, "x.")).toEqual({ beside: {}, others: {} });
});

it("names a multiplier that is none", () => {
  expect(() => multipliersOf({ "multiplier.a": null as never })).toThrow('multipliersOf: the multiplier "a" is null');
});

it.each<[string, (weights: never) => unknown]>([
  ["multipliersOf", multipliersOf],
  ["withoutDiscriminator", withoutDiscriminator],
  ["withoutPrototypes", withoutPrototypes],
])("%s refuses what are no weights", (name, work) => {
  for (const [given, said] of [
    [null, "null"],
    [undefined, "undefined"],
    [3, "3"],
  ]) {
    expect(() => work(given as never)).toThrow(`${name}: the value is ${said}; expected weights by parameter name.`);
  }
});
