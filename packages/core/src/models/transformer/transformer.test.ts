import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { buildGraph } from "../../engine/graph/graph.js";
import { input } from "../../engine/graph/trace.js";
import { createRandom } from "../../engine/random/index.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../../engine/tensor/tensor.js";
import type { Model } from "../model.js";
import { countParameters, initializeParameters } from "../parameters.js";
import type { TransformerOptions } from "./config.js";
import { transformer } from "./transformer.js";

/** The model's output for a schedule of 10 levels. */
function run(
  model: Model,
  parameters: HostTensorRecord,
  inputs: { tokens: HostTensor; noiseLevels: HostTensor; condition?: HostTensor },
): number[] {
  const traced = Object.entries(parameters).map(([name, value]) => [name, input(`p.${name}`, value)] as const);
  const tokens = input("tokens", inputs.tokens);
  const noiseLevels = input("noiseLevels", inputs.noiseLevels);
  const condition = inputs.condition && input("condition", inputs.condition);
  const output = model.apply(Object.fromEntries(traced), {
    tokens,
    noiseLevels,
    levelCount: 10,
    ...(condition ? { condition } : {}),
  });
  const declared = [...traced.map(([, value]) => value), tokens, noiseLevels, ...(condition ? [condition] : [])];
  const weights = Object.entries(parameters).map(([name, value]) => [`p.${name}`, value]);
  const results = evaluateGraph(buildGraph(declared, { output }), { ...Object.fromEntries(weights), ...inputs });
  expect(results.output!.shape).toEqual(inputs.tokens.shape);
  return [...results.output!.data];
}

describe("transformer parameters", () => {
  it("have these names and shapes", () => {
    const model = transformer({ features: 3, conditionFeatures: 2, width: 8, layers: 1, heads: 2, feedForward: 5 });
    const shapes = Object.entries(model.parameters).map(([name, { shape }]) => `${name} [${shape.join(", ")}]`);
    expect(shapes).toEqual([
      "embedding1.weight [8, 9]", // 3 features, 4 of the level, 2 of the condition
      "embedding1.bias [8]",
      "embedding2.weight [8, 8]",
      "embedding2.bias [8]",
      "layers.0.attention.query.weight [8, 8]",
      "layers.0.attention.query.bias [8]",
      "layers.0.attention.key.weight [8, 8]",
      "layers.0.attention.key.bias [8]",
      "layers.0.attention.value.weight [8, 8]",
      "layers.0.attention.value.bias [8]",
      "layers.0.attention.output.weight [8, 8]",
      "layers.0.attention.output.bias [8]",
      "layers.0.norm1.scale [8]",
      "layers.0.norm1.bias [8]",
      "layers.0.feedForward1.weight [5, 8]",
      "layers.0.feedForward1.bias [5]",
      "layers.0.feedForward2.weight [8, 5]",
      "layers.0.feedForward2.bias [8]",
      "layers.0.norm2.scale [8]",
      "layers.0.norm2.bias [8]",
      "output.weight [3, 8]",
      "output.bias [3]",
    ]);
  });

  it("number 1035 for a small model and 819,462 for the default with 6 features", () => {
    // 64 + 72 (embeddings) + 288 (attention) + 16 + 288 + 264 + 16 (feed-forward and norms) + 27 (output).
    expect(countParameters(transformer({ features: 3, width: 8, layers: 1, heads: 2 }))).toBe(1035);
    // 9088 + 16512 + 4 * 198272 + 774, with 70 = 6 + 64 inputs and 512 hidden features.
    expect(countParameters(transformer({ features: 6 }))).toBe(819_462);
  });

  it("start uniform within the reciprocal root of their inputs, attention as packed Xavier", () => {
    const { parameters } = transformer({ features: 3, width: 8, layers: 1, heads: 2, feedForward: 4 });
    const bounds = ["embedding1.weight", "embedding1.bias", "layers.0.feedForward2.bias", "output.weight"].map(
      (name) => parameters[name]!.initializer,
    );
    expect(bounds).toEqual([
      { kind: "uniform", bound: 1 / Math.sqrt(7) },
      { kind: "uniform", bound: 1 / Math.sqrt(7) },
      { kind: "uniform", bound: 0.5 },
      { kind: "uniform", bound: 1 / Math.sqrt(8) },
    ]);
    const attention = (name: string) => parameters[`layers.0.attention.${name}`]!.initializer;
    expect(attention("query.weight")).toEqual({ kind: "uniform", bound: Math.sqrt(6 / 32) });
    expect(attention("output.weight")).toEqual({ kind: "uniform", bound: 1 / Math.sqrt(8) });
    expect(attention("value.bias")).toEqual({ kind: "zeros" });
    expect(attention("output.bias")).toEqual({ kind: "zeros" });
    expect(parameters["layers.0.norm2.scale"]!.initializer).toEqual({ kind: "ones" });
  });
});

describe("transformer config", () => {
  it("is completed by the defaults", () => {
    expect(transformer({ features: 6 }).config).toEqual({
      kind: "transformer",
      features: 6,
      conditionFeatures: 0,
      width: 128,
      layers: 4,
      heads: 4,
      feedForward: 512,
      causal: true,
      positions: "rotary",
      noiseEmbedding: "concat",
    });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ features: 0 }, "features is 0; expected a whole number from 1 to 1048576"],
    [{ features: 2.5 }, "features is 2.5; expected a whole number from 1 to 1048576"],
    [{ width: Number.NaN }, "width is NaN; expected a whole number from 8 to 65536"],
    [{ layers: 0 }, "layers is 0; expected a whole number from 1 to 1000"],
    [{ layers: 50_000_000 }, "layers is 50000000; expected a whole number from 1 to 1000"],
    [{ features: 4294967296 }, "features is 4294967296; expected a whole number from 1 to 1048576"],
    [
      { width: 65536, layers: 100 },
      "these sizes make 5160488927235 parameters; expected at most 2147483648. Take fewer or narrower layers",
    ],
    [{ heads: -1 }, "heads is -1; expected a whole number from 1 to 1000"],
    [{ heads: { toString: 1 } }, "heads is an object with toString; expected a whole number from 1 to 1000"],
    [{ feedForward: "16" }, 'feedForward is "16"; expected a whole number from 1 to 1048576'],
    [{ conditionFeatures: -1 }, "conditionFeatures is -1; expected a whole number from 0 to 1048576"],
    [{ width: 4 }, "width is 4; expected a whole number from 8 to 65536"],
    [{ width: 10 }, "width is 10; expected a multiple of 4 (half of it embeds the noise level)"],
    [{ heads: 3 }, "heads is 3; expected a divisor of the width 8"],
    [
      { heads: 8 },
      "heads is 8; expected a divisor of half the width 8: rotary positions turn pairs of a head's features",
    ],
    [{ causal: 1 }, "causal is 1; expected true or false"],
    [{ positions: "learned" }, 'positions is "learned"; expected "rotary" or "sinusoidal"'],
    [
      { dropout: 0.1 },
      "there is no option dropout. The known ones are kind, features, outputs, conditionFeatures, width, layers, heads, feedForward, causal, positions, noiseEmbedding",
    ],
  ])("refuses %o", (wrong, message) => {
    const options = { features: 3, width: 8, layers: 1, heads: 2, ...wrong } as TransformerOptions;
    let error: unknown;
    try {
      transformer(options);
    } catch (thrown) {
      error = thrown;
    }
    expect(isDiffusionForcingError(error, "invalid-config")).toBe(true);
    expect((error as Error).message).toBe(`transformer: ${message}.`);
  });
});

describe("transformer output", () => {
  // From a separate implementation in NumPy, in doubles, with loops over heads.
  it.each([
    { causal: true, expected: [-0.6020548, 1.3868059, -0.5975842, 1.3798909, -0.6362274, 1.4040945] },
    { causal: false, expected: [-0.6024683, 1.388975, -0.5969727, 1.3817781, -0.6362292, 1.4040343] },
    {
      causal: false,
      noiseEmbedding: "film" as const,
      expected: [-0.7244062, 0.9772893, -0.7525673, 0.9930326, -0.7356674, 0.9990996],
    },
  ])("with sinusoidal positions is as computed apart: $causal, $noiseEmbedding", ({ expected, ...more }) => {
    const options = { features: 2, conditionFeatures: 1, width: 8, layers: 2, heads: 2, feedForward: 6, ...more };
    const model = transformer({ ...options, positions: "sinusoidal" });
    // Element i of the p-th parameter is sin(1 + i + 10 p) / 2.
    const parameters = Object.fromEntries(
      Object.entries(model.parameters).map(([name, { shape }], p) => {
        const size = shape.reduce((a, b) => a * b, 1);
        return [
          name,
          tensor(
            Float32Array.from({ length: size }, (_, i) => 0.5 * Math.sin(1 + i + 10 * p)),
            shape,
          ),
        ];
      }),
    );
    const output = run(model, parameters, {
      tokens: tensor([0.5, -1, 2, 0.25, -0.75, 1], [1, 3, 2]),
      noiseLevels: tensor(Int32Array.of(0, 3, 10), [1, 3]),
      condition: tensor([1, 0, -1], [1, 3, 1]),
    });
    expect(output).toEqual(expected.map((value) => expect.closeTo(value, 5)));
  });

  const smallest = { features: 1, width: 8, layers: 1, heads: 2, feedForward: 8 };
  const tokens = [0.3, -1.2, 0.8, 2];
  const levels = [2, 10, 0, 5];

  /** Output tokens that differ once token 2 has another value or another level. */
  function tokensThatSeeTheThird(options: Partial<TransformerOptions>): { byValue: number[]; byLevel: number[] } {
    const model = transformer({ ...smallest, ...options });
    const parameters = initializeParameters(model, createRandom(3));
    const outputOf = (values: number[], noise: number[]) =>
      run(model, parameters, {
        tokens: tensor(values, [1, 4, 1]),
        noiseLevels: tensor(Int32Array.from(noise), [1, 4]),
      });
    const base = outputOf(tokens, levels);
    const changed = (other: number[]) => [0, 1, 2, 3].filter((token) => other[token] !== base[token]);
    return {
      byValue: changed(outputOf([0.3, -1.2, -5, 2], levels)),
      byLevel: changed(outputOf(tokens, [2, 10, 7, 5])),
    };
  }

  it("at a token does not depend on later tokens or their levels if causal", () => {
    expect(tokensThatSeeTheThird({ causal: true })).toEqual({ byValue: [2, 3], byLevel: [2, 3] });
  });

  it("at a token depends on all tokens and their levels if not causal", () => {
    expect(tokensThatSeeTheThird({ causal: false })).toEqual({ byValue: [0, 1, 2, 3], byLevel: [0, 1, 2, 3] });
  });

  it("depends on levels by FiLM too", () => {
    const film = { noiseEmbedding: "film" } as const;
    expect(tokensThatSeeTheThird({ ...film, causal: true })).toEqual({ byValue: [2, 3], byLevel: [2, 3] });
    const all = [0, 1, 2, 3];
    expect(tokensThatSeeTheThird({ ...film, causal: false })).toEqual({ byValue: all, byLevel: all });
  });

  it("depends on where a token stands in the window, with sinusoids", () => {
    const model = transformer({ ...smallest, causal: false, positions: "sinusoidal" });
    const parameters = initializeParameters(model, createRandom(3));
    const [first, second] = run(model, parameters, {
      tokens: tensor([1, 1], [1, 2, 1]),
      noiseLevels: tensor(Int32Array.of(4, 4), [1, 2]),
    });
    expect(Math.abs(first! - second!)).toBeGreaterThan(1e-3);
  });

  it("depends on how far apart tokens stand, with rotations", () => {
    const model = transformer(smallest);
    const parameters = initializeParameters(model, createRandom(3));
    const last = (values: number[]) =>
      run(model, parameters, { tokens: tensor(values, [1, 4, 1]), noiseLevels: tensor(new Int32Array(4), [1, 4]) })[3]!;
    expect(Math.abs(last([0, 1, 2, 3]) - last([2, 1, 0, 3]))).toBeGreaterThan(1e-5);
  });

  it.each([true, false])("of a sample does not depend on the others, causal: %s", (causal) => {
    const model = transformer({ ...smallest, causal });
    const parameters = initializeParameters(model, createRandom(3));
    const outputOf = (values: number[], noise: number[], batch: number) =>
      run(model, parameters, {
        tokens: tensor(values, [batch, 2, 1]),
        noiseLevels: tensor(Int32Array.from(noise), [batch, 2]),
      });
    const a = outputOf([0.3, -1.2], [2, 10], 1);
    const b = outputOf([0.8, 2], [0, 5], 1);
    expect(outputOf([0.3, -1.2, 0.8, 2], [2, 10, 0, 5], 2)).toEqual([...a, ...b]);
    expect(outputOf([0.8, 2, 0.3, -1.2, 0.8, 2], [0, 5, 2, 10, 0, 5], 3)).toEqual([...b, ...a, ...b]);
  });
});
