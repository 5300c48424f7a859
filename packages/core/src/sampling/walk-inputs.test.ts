import { describe, expect, it } from "vitest";
import { sum } from "../engine/graph/operations.js";
import type { TensorType } from "../engine/graph/value.js";
import type { Model } from "../models/model.js";
import { transformer } from "../models/transformer/index.js";
import { smallPath } from "../testing/small-path.js";
import { fractionalHistoryGuidance, vanillaHistoryGuidance } from "./guidance/score-combination.js";
import { ancestral } from "./solvers/ancestral.js";
import { ddim } from "./solvers/ddim.js";
import { noiseNeeds, ofViews, viewCount, WalkInputs, type WalkOptions } from "./walk-inputs.js";

const process = smallPath();
const model = transformer({ features: 2, width: 8, layers: 1, heads: 1, conditionFeatures: 3 });
const diffusion = { model, process, lossWeighting: process.lossWeighting };
const plain: WalkOptions = { solver: ddim(), stabilizationLevel: 0 };
const float = (...shape: number[]): TensorType => ({ dtype: "float32", shape });
const guidance = {
  guidanceScale: 1,
  samples: 3,
  inputs: (batch: number, length: number) => ({ goal: float(batch, length) }),
  reward: (clean: Parameters<typeof sum>[0]) => sum(clean, [1, 2]),
};

describe("noiseNeeds", () => {
  it("is a draw for each step of a random solver, a future for each of the guidance's, and the history's own", () => {
    expect(noiseNeeds(plain, process)).toEqual({ draws: 0, futures: 1, history: false });
    expect(noiseNeeds({ ...plain, solver: ancestral() }, process)).toEqual({ draws: 1, futures: 1, history: false });
    expect(noiseNeeds({ ...plain, guidance }, process)).toMatchObject({ futures: 3 });
    const scores = vanillaHistoryGuidance({ scale: 2 });
    expect(noiseNeeds({ ...plain, scores }, process)).toMatchObject({ history: true });
    expect(viewCount({ ...plain, scores })).toBe(2);
    expect(viewCount(plain)).toBe(1);
  });
});

describe("WalkInputs", () => {
  const declared = (options: WalkOptions, steps: number, memory?: Record<string, TensorType>) => {
    const inputs = new WalkInputs({
      ...diffusion,
      model: { ...model, parameters: { w: model.parameters["output.bias"]! } },
    });
    inputs.steered(options, { batch: 4, length: 5, steps, ...(memory ? { memory } : {}) });
    return inputs.declared.map(({ attributes, dtype, shape }) => [attributes.name, dtype, ...shape]);
  };

  it("declares parameters first, then what steers every step", () => {
    expect(declared(plain, 1)).toEqual([
      ["parameters/w", "float32", 2],
      ["condition", "float32", 4, 5, 3],
    ]);
    const scores = fractionalHistoryGuidance({ scale: 1.5, level: 2 });
    expect(declared({ ...plain, guidance, scores }, 1)).toEqual([
      ["parameters/w", "float32", 2],
      ["historyNoise", "float32", 4, 5, 2],
      ["condition", "float32", 4, 5, 3],
      ["guidance/goal", "float32", 4, 5],
    ]);
  });

  it("asks for no goal where nothing is walked, and for a memory of every view", () => {
    const scores = vanillaHistoryGuidance({ scale: 2 });
    expect(
      declared({ ...plain, guidance, scores }, 0, { keys: float(4, 7, 2), filled: { dtype: "int32", shape: [4] } }),
    ).toEqual([
      ["parameters/w", "float32", 2],
      ["historyNoise", "float32", 4, 5, 2],
      ["condition", "float32", 4, 5, 3],
      ["memory/keys", "float32", 8, 7, 2],
      ["memory/filled", "int32", 8],
    ]);
  });
});

it("tells the network its condition where there is one, and reads the sequence where there is no memory", () => {
  const told: string[][] = [];
  const noting: Model = {
    ...model,
    parameters: {},
    apply: (_, { tokens, ...rest }) => {
      told.push(Object.keys(rest));
      return tokens;
    },
  };
  for (const conditionFeatures of [0, 3]) {
    const inputs = new WalkInputs({ ...diffusion, model: { ...noting, conditionFeatures } });
    const { network, fixed, past } = inputs.steered(plain, { batch: 4, length: 5, steps: 1 });
    const tokens = inputs.float("x", 4, 5, 2);
    network({ tokens, levels: inputs.declare("levels", { dtype: "int32", shape: [4, 5] }), ...fixed });
    expect(past).toBeUndefined();
  }
  expect(told).toEqual([
    ["noiseLevels", "levelCount"],
    ["noiseLevels", "levelCount", "condition"],
  ]);
});

it("joins the views of a memory along its first axis", () => {
  expect(ofViews({ a: float(2, 3), b: float(2) }, 3)).toEqual({ a: float(6, 3), b: float(6) });
  expect(ofViews({}, 3)).toEqual({});
});
