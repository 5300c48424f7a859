import { describe, expect, it } from "vitest";
import { constant, reshape, slice, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { tensor, zeros } from "../engine/tensor/tensor.js";
import { applyModel } from "./apply-model.js";
import type { Model } from "./model.js";

const inputs = { tokens: zeros("float32", [2, 3, 4]), noiseLevels: zeros("int32", [2, 3]) };

function predicting(output: (tokens: Value) => unknown, outputShape?: number[]): () => unknown {
  const model = {
    config: { kind: "mine" },
    tokenShape: [4],
    ...(outputShape ? { outputShape } : {}),
    conditionFeatures: 0,
    parameters: {},
    apply: (_parameters: unknown, { tokens }: { tokens: Value }) => output(tokens),
  } as unknown as Model;
  return () =>
    trace(inputs, ({ tokens, noiseLevels }) => ({ y: applyModel(model, {}, { tokens, noiseLevels, levelCount: 5 }) }));
}

describe("applyModel", () => {
  it("takes a prediction for each token, of the outputs' shape", () => {
    expect(predicting((tokens) => tokens)).not.toThrow();
    expect(predicting((tokens) => slice(tokens, 2, 0, 1), [1])).not.toThrow();
  });

  it.each<[string, (tokens: Value) => unknown, string]>([
    ["nothing", () => undefined, "predicts undefined; expected a traced value, float32[2, 3, 4]"],
    ["a number", () => 5, "predicts 5; expected a traced value"],
    ["a promise", async () => 5, "predicts an object; expected a traced value"],
    ["a tensor of the host", () => tensor([1]), "predicts an object with dtype, shape, data; expected a traced value"],
    ["one token for all", (tokens) => slice(tokens, 1, 0, 1), "predicts float32[2, 1, 4]; expected"],
    ["one number for all", (tokens) => sum(tokens), "predicts float32[]; expected"],
    [
      "a number for each token",
      (tokens) => reshape(slice(tokens, 2, 0, 1), [2, 3]),
      "predicts float32[2, 3]; expected",
    ],
    ["whole numbers", () => constant(zeros("int32", [2, 3, 4])), "predicts int32[2, 3, 4]; expected"],
  ])("refuses %s", (_what, output, message) => {
    expect(predicting(output)).toThrow(`The model "mine" ${message}`);
  });
});
