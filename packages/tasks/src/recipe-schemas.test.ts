import * as v from "valibot";
import { expect, it } from "vitest";
import { trainingSchema, transformerSizeSchema } from "./recipe-schemas.js";

const training = { steps: 10, learningRate: 1e-3, schedule: { kind: "cosine", warmupSteps: 2 }, emaDecay: 0.99 };

it("takes a recipe's training and size", () => {
  expect(v.parse(trainingSchema, training)).toEqual(training);
  expect(v.parse(transformerSizeSchema, { width: 64, layers: 2, heads: 4 })).toEqual({
    width: 64,
    layers: 2,
    heads: 4,
  });
});

it.each([{ steps: 0 }, { learningRate: -1 }, { schedule: { kind: "linear" } }, { emaDecay: 1 }, { weightDecay: 0.1 }])(
  "refuses a training with %j",
  (change) => {
    expect(v.is(trainingSchema, { ...training, ...change })).toBe(false);
  },
);

it("refuses a size without end", () => {
  expect(v.is(transformerSizeSchema, { width: 1e9, layers: 2, heads: 4 })).toBe(false);
});
