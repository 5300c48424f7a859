import { describe, expect, it } from "vitest";
import { linear } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor, zeros } from "../engine/tensor/tensor.js";
import { drawnParameters } from "../testing/apply-model.js";
import { dit3d } from "./dit3d/index.js";
import { featureOf, featureShape, featuresOf } from "./features.js";
import type { Model } from "./model.js";
import { recurrent } from "./recurrent/index.js";
import { transformer } from "./transformer/index.js";
import { unet3d } from "./unet3d/index.js";

const frames = { tokenShape: [1, 4, 4], width: 8, heads: 2 } as const;
const models: readonly (readonly [Model, Readonly<Record<string, readonly number[]>>])[] = [
  [transformer({ features: 3, width: 8, layers: 2, heads: 2 }), { "layers.0": [8], "layers.1": [8] }],
  [dit3d({ ...frames, layers: 2, patchSize: 2 }), { "layers.0": [4, 8], "layers.1": [4, 8] }],
  [unet3d({ ...frames, multipliers: [1, 2], headWidth: 4 }), { middle: [16, 2, 2] }],
  [recurrent({ features: 2, stateSize: 6, width: 4 }), { state: [6] }],
];

function inputsOf(model: Model) {
  const tokens = zeros("float32", [2, 3, ...model.tokenShape]);
  createRandom(4).fillNormal(tokens.data);
  return { ...drawnParameters(model), tokens, noiseLevels: tensor(Int32Array.of(0, 3, 5, 1, 2, 4), [2, 3]) };
}

const given = (values: Readonly<Record<string, Value>>) => ({
  tokens: values.tokens as Value,
  noiseLevels: values.noiseLevels as Value,
  levelCount: 5,
});

describe("featuresOf", () => {
  it.each(models.map(([model, shapes]) => ({ kind: model.config.kind, model, shapes })))(
    "names the activations of a $kind, of every token, beside the same prediction",
    ({ model, shapes }) => {
      const inputs = inputsOf(model);
      let plain: Value | undefined;
      const graph = trace(inputs, (values) => {
        const { output, features } = featuresOf(model, values, given(values));
        plain = model.apply(values, given(values));
        expect(Object.fromEntries(Object.entries(features).map(([name, { shape }]) => [name, shape]))).toEqual(
          Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, [2, 3, ...shape]])),
        );
        return { output, plain };
      });
      const { output, plain: without } = evaluateGraph(graph, inputs);
      expect(output).toEqual(without);
      for (const [name, shape] of Object.entries(shapes)) expect(featureShape(model, name)).toEqual(shape);
    },
  );

  it("gives what the model goes on with: a transformer's output is linear in its last layer", () => {
    const model = models[0]![0];
    const inputs = inputsOf(model);
    const graph = trace(inputs, (values) => {
      const weights = values as Readonly<Record<string, Value>>;
      const last = featureOf(model, weights, given(weights), "layers.1");
      const output = model.apply(weights, given(weights));
      return { output, again: linear(last, weights["output.weight"]!, weights["output.bias"]!) };
    });
    const { output, again } = evaluateGraph(graph, inputs);
    expect(Array.from(again!.data)).toEqual(Array.from(output!.data, (value) => expect.closeTo(value, 5)));
  });

  it("of an early layer needs nothing of later ones", () => {
    const model = models[0]![0];
    const names = (feature: string) => {
      const inputs = inputsOf(model);
      const graph = trace(inputs, (values) => ({ x: featureOf(model, values, given(values), feature) }));
      return JSON.stringify(graph.nodes.length);
    };
    expect(Number(names("layers.0"))).toBeLessThan(Number(names("layers.1")));
  });

  it("are refused by name where a model has none such", () => {
    expect(() => featureShape(models[0]![0], "layers.2")).toThrow(
      /"transformer" has no feature "layers\.2"; expected layers\.0, layers\.1/,
    );
    const bare: Model = {
      config: { kind: "bare" },
      tokenShape: [1],
      conditionFeatures: 0,
      parameters: {},
      apply: (_, { tokens }) => tokens,
    };
    expect(() => featureShape(bare, "middle")).toThrow(/"bare" has no feature "middle"; it tells of none/);
  });
});
