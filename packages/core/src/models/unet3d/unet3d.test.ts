import { describe, expect, it } from "vitest";
import { createRandom } from "../../engine/random/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { applyModel, drawnParameters } from "../../testing/apply-model.js";
import { frameChanges, movedAt, reordered } from "../../testing/frame-changes.js";
import { drawTensor } from "../../testing/values.js";
import { modelFromConfig } from "../model-from-config.js";
import { countParameters, initializeParameters } from "../parameters.js";
import type { UNet3dOptions } from "./config.js";
import { unet3d } from "./unet3d.js";

const small = { tokenShape: [2, 4, 4], width: 8, multipliers: [1, 2], heads: 2, headWidth: 4 } as const;

/** Two sequences of three frames and their levels, of 10. */
const tokens = drawTensor({ dtype: "float32", shape: [2, 3, 2, 4, 4], low: -1, high: 1 }, 1);
const noiseLevels = tensor(Int32Array.of(0, 3, 10, 7, 7, 1), [2, 3]);
const condition = drawTensor({ dtype: "float32", shape: [2, 3, 5], low: -1, high: 1 }, 2);

type Inputs = Partial<Record<"tokens" | "noiseLevels" | "condition", HostTensor>>;

function run(options: Partial<UNet3dOptions>, changed: Inputs = {}) {
  const model = unet3d({ ...small, ...options });
  const conditioned = model.conditionFeatures > 0 ? { condition } : {};
  return applyModel(model, drawnParameters(model), { tokens, noiseLevels, ...conditioned, ...changed });
}

function changes(options: Partial<UNet3dOptions>, changed: Inputs): number[][] {
  return frameChanges(run(options), run(options, changed));
}

const some = expect.toSatisfy((change: number) => change > 1e-3);

describe("unet3d", () => {
  const settings: Partial<UNet3dOptions>[] = [
    {},
    { causal: false },
    { positions: "sinusoidal" },
    { linearAttention: false, normalization: "clip" },
    { attentionFactors: [2], initialTemporalAttention: false },
    { attentionFactors: [] },
    { multipliers: [2], tokenShape: [2, 4, 4] },
    { multipliers: [1, 1, 3], heads: 1, headWidth: 2 },
    { conditionFeatures: 5 },
  ];
  it.each(settings)(
    "predicts finite frames of the tokens' shape with %j, and is rebuilt from its config",
    (options) => {
      const { shape, data } = run(options);
      expect(shape).toEqual([2, 3, 2, 4, 4]);
      expect(data.every(Number.isFinite)).toBe(true);
      const model = unet3d({ ...small, ...options });
      expect(modelFromConfig(JSON.parse(JSON.stringify(model.config))).parameters).toEqual(model.parameters);
    },
  );

  it("takes frames that are not square and sequences of one frame", () => {
    const model = unet3d({ ...small, tokenShape: [1, 2, 6] });
    const wide = drawTensor({ dtype: "float32", shape: [1, 1, 1, 2, 6], low: -1, high: 1 }, 1);
    const { shape } = applyModel(model, drawnParameters(model), {
      tokens: wide,
      noiseLevels: tensor(Int32Array.of(4), [1, 1]),
    });
    expect(shape).toEqual([1, 1, 1, 2, 6]);
  });

  it("has as many parameters as the official net of that size", () => {
    // The official net with dim 8, dim_mults [1], 2 heads of 8, on frames of 2 channels.
    const model = unet3d({ tokenShape: [2, 4, 4], width: 8, multipliers: [1], heads: 2, headWidth: 8 });
    const block = (inputs: number, embedded: boolean) =>
      2 * inputs +
      (9 * inputs * 8 + 8) +
      (embedded ? 16 * 33 : 0) +
      16 +
      (9 * 64 + 8) +
      (inputs === 8 ? 0 : 8 * inputs + 8);
    const attention = 16 + 48 * 8 + 8 * 16 + 8;
    const embedding = 32 * 9 + 32 * 33;
    const blocks = 5 * block(8, true) + block(16, true) + block(16, false);
    const ends = 8 * 2 * 49 + 8 + 2 * 8 + 2;
    expect(countParameters(model)).toBe(embedding + blocks + 7 * attention + ends);
  });

  it("draws parameters as PyTorch does", () => {
    const { parameters } = unet3d(small);
    expect(parameters["initial.weight"]).toEqual({
      shape: [8, 2, 7, 7],
      initializer: { kind: "uniform", bound: 1 / Math.sqrt(98) },
    });
    expect(parameters["down.0.block1.norm1.scale"]).toEqual({ shape: [8], initializer: { kind: "ones" } });
    const drawn = initializeParameters(unet3d(small), createRandom(3));
    const output = applyModel(unet3d(small), drawn, { tokens, noiseLevels });
    expect(Math.max(...output.data.map(Math.abs))).toBeLessThan(10);
  });
});

describe("causality", () => {
  it("per frame, the last frame changes nothing before it, nor another sequence", () => {
    for (const options of [{}, { positions: "sinusoidal" }] as const) {
      expect(changes(options, { tokens: movedAt(tokens, 0, 2) })).toEqual([
        [0, 0, some],
        [0, 0, 0],
      ]);
    }
    expect(changes({}, { tokens: movedAt(tokens, 1, 1) })).toEqual([
      [0, 0, 0],
      [0, some, some],
    ]);
  });

  it("per clip, as the official code normalises, the last frame leaks into the first", () => {
    expect(changes({ normalization: "clip" }, { tokens: movedAt(tokens, 0, 2) })).toEqual([
      [some, some, some],
      [0, 0, 0],
    ]);
  });

  it("without it, every frame sees every other one, also with statistics per frame", () => {
    const options = { causal: false, normalization: "frame" } as const;
    expect(changes(options, { tokens: movedAt(tokens, 0, 2) })).toEqual([
      [some, some, some],
      [0, 0, 0],
    ]);
  });

  it("a frame's noise level and condition change it and later frames only", () => {
    expect(changes({}, { noiseLevels: movedAt(noiseLevels, 0, 1) })).toEqual([
      [0, some, some],
      [0, 0, 0],
    ]);
    expect(changes({ conditionFeatures: 5 }, { condition: movedAt(condition, 1, 1) })).toEqual([
      [0, 0, 0],
      [0, some, some],
    ]);
  });
});

describe("symmetries", () => {
  const difference = (a: HostTensor, b: HostTensor): number => Math.max(...frameChanges(a, b).flat());
  const inOrder = (order: readonly number[]) => ({
    tokens: reordered(tokens, order),
    noiseLevels: reordered(noiseLevels, order),
  });

  it("sequences of a batch are treated alike", () => {
    const swap = [3, 4, 5, 0, 1, 2];
    expect(difference(reordered(run({}, inOrder(swap)), swap), run({}))).toBeLessThan(1e-5);
  });

  it("the order of frames matters even if not causal", () => {
    const reverse = [2, 1, 0, 5, 4, 3];
    for (const options of [
      { causal: false, positions: "rotary" },
      { causal: false, positions: "sinusoidal" },
    ] as const) {
      expect(difference(reordered(run(options, inOrder(reverse)), reverse), run(options))).toBeGreaterThan(1e-3);
    }
  });
});
