import { expect, it } from "vitest";
import { add, broadcastTo, cast, concat, mean, mul, reshape, slice } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "./model.js";
import { queryOutputs } from "./query-outputs.js";

it("reads log probabilities of the queries after a context, which are told that nothing is known of them", () => {
  const levels: number[][] = [];
  /** Logits (the token and the mean of all, 10 times the level). */
  const model: Model = {
    config: { kind: "test", causal: false },
    tokenShape: [1],
    outputShape: [2],
    conditionFeatures: 0,
    parameters: {},
    apply: (_, { tokens, noiseLevels, levelCount }) => {
      levels.push([...noiseLevels.shape, levelCount]);
      const all = broadcastTo(mean(tokens, 1, true), tokens.shape);
      return concat([add(tokens, all), mul(reshape(cast(noiseLevels, "float32"), tokens.shape), 10)], 2);
    },
  };
  const context = tensor([6, 12, 0, 3], [2, 2, 1]);
  const graph = trace({ context }, ({ context: given }) => ({ outputs: queryOutputs(model, {}, given, 1) }));
  const { outputs } = evaluateGraph(graph, { context });
  expect(levels).toEqual([[2, 3, 1]]);
  expect(outputs!.shape).toEqual([2, 1, 2]);
  // The query itself is 0: logits (6, 10) of the first sequence, (1, 10) of the second.
  const rows = [6, 1].flatMap((first) => {
    const total = Math.log(Math.exp(first) + Math.exp(10));
    return [first - total, 10 - total].map((x) => expect.closeTo(x, 5));
  });
  expect([...outputs!.data]).toEqual(rows);
  const two = trace({ context }, ({ context: given }) => ({ last: slice(queryOutputs(model, {}, given, 4), 1, 3, 4) }));
  expect(evaluateGraph(two, { context }).last!.shape).toEqual([2, 1, 2]);
});
