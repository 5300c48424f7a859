import { expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { cpHead, initializeParameters, transformer } from "../models/index.js";
import { symbolLaws } from "./symbol-laws.js";
import { parameterName } from "./walk-inputs.js";

const head = cpHead({ categories: 4, ahead: 3, rank: 2 });
const model = transformer({ features: 4, outputs: head.outputs, width: 8, layers: 1, heads: 2 });
const weights = Object.fromEntries(
  Object.entries(initializeParameters(model, createRandom(1))).map(([name, value]) => [parameterName(name), value]),
);
const graph = symbolLaws(model, head, { batch: 1, length: 3 });
const lawsOf = (symbols: readonly number[]): Record<string, HostTensor> => {
  const data = symbols.flatMap((symbol) => [0, 1, 2, 3].map((k) => (k === symbol ? 1 : -1)));
  return evaluateGraph(graph, { ...weights, tokens: tensor(data, [1, 3, 4]) });
};

it("gives laws, of each term and each symbol ahead at each place", () => {
  const { weights: terms, symbols } = lawsOf([1, 0, 3]);
  expect([terms!.shape, symbols!.shape]).toEqual([
    [1, 3, 2],
    [1, 3, 2, 3, 4],
  ]);
  for (let place = 0; place < 3; place++)
    expect(terms!.data[2 * place]! + terms!.data[2 * place + 1]!).toBeCloseTo(1, 6);
  for (let row = 0; row < 18; row++) {
    expect([...symbols!.data.slice(4 * row, 4 * row + 4)].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
  }
});

it("shows a place the symbols before it, and neither its own nor later ones", () => {
  const [one, other] = [lawsOf([1, 0, 3]), lawsOf([1, 2, 0])];
  const places = (laws: Record<string, HostTensor>, from: number, to: number) => [
    ...laws.symbols!.data.slice(24 * from, 24 * to),
  ];
  expect(places(one, 0, 2)).toEqual(places(other, 0, 2));
  expect(places(one, 2, 3)).not.toEqual(places(other, 2, 3));
});

it("is not made of a model of another head", () => {
  expect(() => symbolLaws(model, cpHead({ categories: 4 }), { batch: 1, length: 3 })).toThrow(
    /symbolLaws: .*gives \[26\].*outputs: 5/,
  );
});

it("is not made of sequences longer than any device holds", () => {
  expect(() => symbolLaws(model, head, { batch: 1, length: 1e12 })).toThrow(
    "symbolLaws: 1 sequences of 1000000000000 tokens are too much for one walk",
  );
});
