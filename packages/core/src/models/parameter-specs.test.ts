import { describe, expect, it } from "vitest";
import { convolutionSpecs, linearSpecs, normSpecs } from "./parameter-specs.js";

describe("specifications of layers", () => {
  it("draw weights and biases over 1 / sqrt(number of products added up)", () => {
    const uniform = { kind: "uniform", bound: 0.5 };
    expect(linearSpecs("a", 4, 3)).toEqual([
      ["a.weight", { shape: [3, 4], initializer: uniform }],
      ["a.bias", { shape: [3], initializer: uniform }],
    ]);
    expect(linearSpecs("a", 4, 3, false)).toHaveLength(1);
    expect(convolutionSpecs("c", 4, 5, 3)).toEqual([
      ["c.weight", { shape: [5, 4, 3, 3], initializer: { kind: "uniform", bound: 1 / 6 } }],
      ["c.bias", { shape: [5], initializer: { kind: "uniform", bound: 1 / 6 } }],
    ]);
  });

  it("start normalisations as the identity", () => {
    expect(normSpecs("n", 2)).toEqual([
      ["n.scale", { shape: [2], initializer: { kind: "ones" } }],
      ["n.bias", { shape: [2], initializer: { kind: "zeros" } }],
    ]);
  });
});
