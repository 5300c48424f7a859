import { expect, it } from "vitest";
import { gather, reshape } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { cpHead } from "../models/cp-head.js";
import type { Model } from "../models/model.js";
import { multiTokenTraining } from "./multi-token.js";

const head = cpHead({ categories: 2, ahead: 2, rank: 2 });
/** Outputs a row of a table at every place, whatever it sees: 2 weights, and 2 x 2 x 2 logits. */
const model: Model = {
  config: { kind: "table", causal: true },
  tokenShape: [2],
  outputShape: [head.outputs],
  conditionFeatures: 0,
  parameters: { table: { shape: [1, head.outputs], initializer: { kind: "zeros" } } },
  apply: ({ table }, { tokens, noiseLevels }) =>
    reshape(gather(table!, noiseLevels), [...tokens.shape.slice(0, 2), head.outputs]),
};

function losses(balance: number, batch = 1): { loss: number; total: number; denominator: number } {
  const trainable = multiTokenTraining({ model, head, balance });
  // Weights .25 and .75; the first term says (.5, .5) of both symbols, the second (.2, .8) and (.9, .1).
  const row = [1, 3, 1, 1, 1, 1, 2, 8, 9, 1].map(Math.log);
  const inputs = {
    table: tensor(row, [1, 10]),
    tokens: tensor(Array.from({ length: batch }, () => [1, -1, -1, 1, 1, -1]).flat(), [batch, 3, 2]),
  };
  const graph = trace(inputs, (values) => ({ ...trainable.loss(values, values) }));
  const { loss, total, denominator } = evaluateGraph(graph, inputs);
  return { loss: loss!.data[0]!, total: total!.data[0]!, denominator: denominator!.data[0]! };
}

it("is the surprise of all symbols in a row at each place that has them, and the terms' imbalance", () => {
  // The symbols 0, 1, 0: (0, 1) has .25 x .25 + .75 x .2 x .1, (1, 0) .25 x .25 + .75 x .8 x .9.
  const nats = -Math.log(0.0625 + 0.015) - Math.log(0.0625 + 0.54);
  const plain = losses(0);
  expect(plain.total).toBeCloseTo(nats, 4);
  expect([plain.loss, plain.denominator]).toEqual([expect.closeTo(nats / 2, 4), 2]);
  const imbalance = 0.25 * Math.log(0.5) + 0.75 * Math.log(1.5);
  const balanced = losses(3);
  expect(balanced.loss).toBeCloseTo(nats / 2 + 3 * imbalance, 4);
  expect(balanced.total / balanced.denominator).toBeCloseTo(balanced.loss, 5);
  const twice = losses(3, 2);
  expect([twice.loss, twice.denominator]).toEqual([expect.closeTo(balanced.loss, 5), 4]);
});

it("names what a model has for causal, whatever that is", () => {
  const odd = { ...model, config: { kind: "table", causal: { toString: 1 } } };
  expect(() => multiTokenTraining({ model: odd, head })).toThrow("expected features: 2, outputs: 10, causal: true");
});

it("is a run of its head and its model, with a hundredth of the imbalance unless told", () => {
  const { config, tokenShape, parameters } = multiTokenTraining({ model, head });
  expect({ config, tokenShape, parameters }).toEqual({
    config: { kind: "multi-token", categories: 2, ahead: 2, rank: 2, balance: 0.01, model: model.config },
    tokenShape: [2],
    parameters: model.parameters,
  });
});

it("reads the tokens of batches that are as long as a row of symbols, and refuses shorter ones", () => {
  const trainable = multiTokenTraining({ model, head, balance: 0 });
  const of = (length: number) => ({
    tokens: tensor(
      Float32Array.from({ length: 2 * length }, (_, i) => (i % 2 === 0 ? 1 : -1)),
      [1, length, 2],
    ),
  });
  expect(() => trainable.checkBatch(of(2))).not.toThrow();
  expect(() => trainable.checkBatch(of(1))).toThrow("sequences of 1 tokens cannot show 2 in a row");
  expect(() => trainable.checkBatch({ tokens: tensor([1], [1, 1, 1]) })).toThrow("the model takes float32[B, T, 2]");
  const batch = of(3);
  expect(trainable.inputs(batch, createRandom(1))).toEqual(batch);
});

it.each<[string, number[]]>([
  ["no symbol", [-1, -1]],
  ["two symbols", [1, 1]],
  ["shares", [0.5, 0.5]],
  ["a share and none of the others", [0.5, -1]],
  ["zeros and ones", [0, 1]],
])("refuses %s in the place of one, and says where", (_name, token) => {
  const trainable = multiTokenTraining({ model, head });
  const tokens = tensor([1, -1, -1, 1, -1, 1, ...token], [2, 2, 2]);
  expect(() => trainable.checkBatch({ tokens })).toThrow(
    "multiTokenTraining: token 1 of sequence 1 is no symbol; expected 1 for one of 2 and -1 for the others",
  );
});

it.each<[Partial<Model>, string]>([
  [{ tokenShape: [3] }, "takes tokens [3], gives [10] and has causal: true"],
  [{ outputShape: [9] }, "takes tokens [2], gives [9] and has causal: true"],
  [{ outputShape: undefined as never }, "takes tokens [2], gives [2] and has causal: true"],
  [{ config: { kind: "table", causal: false } }, "gives [10] and has causal: false"],
])("refuses a model with %o", (other, message) => {
  expect(() => multiTokenTraining({ model: { ...model, ...other }, head })).toThrow(message);
});

it.each<[object, string]>([
  [{ model: {} }, "model is an object; expected a model"],
  [{ head: {} }, "head is an object; expected a head"],
  [{ balance: -1 }, "balance is -1; expected a number from 0"],
  [{ rank: 1 }, "there is no option rank"],
])("refuses %j", (other, message) => {
  expect(() => multiTokenTraining({ model, head, ...other } as never)).toThrow(message);
});
