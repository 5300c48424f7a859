import { describe, expect, it } from "vitest";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { prototypeHead } from "./prototypes.js";

const head = prototypeHead({ features: 2, prototypes: 3, size: 2 });
// The perceptron does nothing to what is positive.
const parameters = {
  "hidden.weight": tensor([1, 0, 0, 1], [2, 2]),
  "hidden.bias": tensor([0, 0], [2]),
  "projection.weight": tensor([1, 0, 0, 1], [2, 2]),
  "projection.bias": tensor([0, 0], [2]),
  prototypes: tensor([2, 0, 0, 3, -3, 4], [3, 2]),
};

describe("prototypeHead", () => {
  it("gives cosines of features and prototypes, whatever their lengths", () => {
    const given = { ...parameters, x: tensor([3, 4, 10, 0], [2, 2]) };
    const graph = trace(given, ({ x, ...values }) => ({ scores: head.scores(values, x) }));
    const { scores } = evaluateGraph(graph, given);
    // (.6, .8) and (1, 0) with (1, 0), (0, 1) and (-.6, .8).
    expect(Array.from(scores!.data)).toEqual([0.6, 0.8, 0.28, 1, 0, -0.6].map((value) => expect.closeTo(value, 6)));
  });

  it("gives prototypes of length 1", () => {
    expect(head.prototypesOf(parameters).map((row) => Array.from(row))).toEqual([
      [1, 0],
      [0, 1],
      [expect.closeTo(-0.6, 6), expect.closeTo(0.8, 6)],
    ]);
  });

  it("has the parameters that it names, of which prototypes do not decay", () => {
    const wide = prototypeHead({ features: 32, prototypes: 300 });
    expect(Object.entries(wide.parameters).map(([name, { shape }]) => [name, shape])).toEqual([
      ["hidden.weight", [16, 32]],
      ["hidden.bias", [16]],
      ["projection.weight", [16, 16]],
      ["projection.bias", [16]],
      ["prototypes", [300, 16]],
    ]);
    expect(wide.parameters.prototypes?.decays).toBe(false);
    expect(() => prototypeHead({ features: 4, prototypes: 1 })).toThrow(
      /prototypes is 1; expected a whole number from 2/,
    );
  });
});
