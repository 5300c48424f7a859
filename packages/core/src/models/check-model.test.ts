import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { isNetwork, modelSchema } from "./check-model.js";
import { recurrent } from "./recurrent/index.js";
import { transformer } from "./transformer/index.js";

const model = transformer({ features: 2, width: 8, layers: 1, heads: 1 });

describe("modelSchema", () => {
  it("takes the library's models, and keeps the object", () => {
    expect(v.parse(modelSchema, model)).toBe(model);
    expect(v.is(modelSchema, recurrent({ features: 1, stateSize: 4, width: 4 }))).toBe(true);
  });

  it.each([
    ["no config", { config: null }],
    ["a token shape that is none", { tokenShape: 0.5 }],
    ["an axis of 0", { tokenShape: [0] }],
    ["outputs that are no shape", { outputShape: 8 }],
    ["condition features that are no number", { conditionFeatures: "2" }],
    ["a parameter without shape", { parameters: { a: { initializer: { kind: "zeros" } } } }],
    ["an initialiser that there is not", { parameters: { a: { shape: [1], initializer: { kind: "zzz" } } } }],
    ["an initialiser without bound", { parameters: { a: { shape: [1], initializer: { kind: "uniform" } } } }],
    ["a parameter that is none", { parameters: { a: undefined } }],
    ["a parameter of a name that prototypes have", { parameters: { constructor: 1 } }],
    ["parameters that are a list", { parameters: [] }],
    ["nothing to apply", { apply: new Date(0) }],
    ["half a memory", { memory: { types: () => ({}) } }],
  ])("refuses a model with %s", (_, part) => {
    expect(v.is(modelSchema, { ...model, ...part })).toBe(false);
  });
});

it("isNetwork asks for no more than configuration, tokens and parameters", () => {
  const { config, tokenShape, parameters } = model;
  expect(isNetwork({ config, tokenShape, parameters })).toBe(true);
  expect(isNetwork({ config, tokenShape })).toBe(false);
});
