import { expect, it } from "vitest";
import { add, cast, reshape } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "./model.js";
import { nextSymbols } from "./next-symbols.js";

it("shows each place the symbols before it, clean, and the first place zeros", () => {
  /** What it sees, and a hundred for a level that is not 0. */
  const model: Model = {
    config: { kind: "echo", causal: true },
    tokenShape: [2],
    conditionFeatures: 0,
    parameters: {},
    apply: (_, { tokens, noiseLevels }) => {
      const level = reshape(cast(noiseLevels, "float32"), [...noiseLevels.shape, 1]);
      return add(tokens, add(level, level));
    },
  };
  const tokens = tensor([1, -1, -1, 1, 1, -1, -1, 1, 1, -1, 1, -1], [2, 3, 2]);
  const graph = trace({ tokens }, ({ tokens: given }) => ({ seen: nextSymbols(model, {}, given) }));
  expect(evaluateGraph(graph, { tokens }).seen).toEqual(tensor([0, 0, 1, -1, -1, 1, 0, 0, -1, 1, 1, -1], [2, 3, 2]));
});
