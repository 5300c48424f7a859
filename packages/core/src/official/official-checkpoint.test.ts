import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../bundle/safetensors.js";
import { createRandom } from "../engine/random/index.js";
import { type HostTensor, type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import type { ModelConfig } from "../models/model.js";
import { modelFromConfig } from "../models/model-from-config.js";
import { initializeParameters } from "../models/parameters.js";
import { fromOfficial, toOfficial } from "./official-checkpoint.js";

const size = { features: 2, width: 8, layers: 1, heads: 2, feedForward: 8 } as const;
const small = { kind: "transformer", ...size, positions: "sinusoidal" } as const;
const configs: readonly ModelConfig[] = [
  small,
  { ...small, conditionFeatures: 3, layers: 2, causal: false },
  { kind: "unet3d", tokenShape: [1, 8, 8], width: 8, multipliers: [1, 2], attentionFactors: [2] },
  { kind: "recurrent", features: 2, stateSize: 4, width: 4, mlpLayers: 0 },
  { kind: "recurrent", features: 2, conditionFeatures: 1, stateSize: 4, width: 4, cells: 2, learnedInitialState: true },
  { kind: "recurrent", features: 1, stateSize: 4, width: 4, mlpLayers: 3 },
  { kind: "recurrent", features: 2, stateSize: 4, width: 4, cells: 0 },
];

const weightsOf = (config: ModelConfig, seed = 0): HostTensorRecord =>
  initializeParameters(modelFromConfig(config), createRandom(seed));
const stored = (tensors: Readonly<Record<string, HostTensor>>) =>
  decodeSafetensors(encodeSafetensors(tensors as Record<string, HostTensor<"float32">>)).tensors;

describe("official checkpoints", () => {
  it("split the packed projections of attention and rename what is left", () => {
    const official = stored(toOfficial(small, weightsOf(small)));
    expect(Object.keys(official).sort().slice(0, 4)).toEqual([
      "model.init_mlp.0.bias",
      "model.init_mlp.0.weight",
      "model.init_mlp.2.bias",
      "model.init_mlp.2.weight",
    ]);
    const packed = official["model.transformer.layers.0.self_attn.in_proj_weight"]!;
    expect(packed.shape).toEqual([24, 8]);
    const { parameters } = fromOfficial(small, official);
    expect(parameters["layers.0.attention.key.weight"]?.shape).toEqual([8, 8]);
    expect(Array.from(parameters["layers.0.attention.key.weight"]!.data)).toEqual(
      Array.from((packed.data as Float32Array).subarray(64, 128)),
    );
  });

  it("refuse a transformer with other positions than the official ones", () => {
    const config = { ...small, positions: "rotary" };
    expect(() => toOfficial(config, weightsOf(config))).toThrow(
      'The official transformer has sinusoidal positions, and this config says "rotary".',
    );
  });

  it("come back bit for bit, whatever the prefix, through a file", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...configs),
        fc.constantFrom("", "diffusion_model.", "a.model.b."),
        fc.nat(1000),
        (config, prefix, seed) => {
          const weights = weightsOf(config, seed);
          const back = fromOfficial(config, stored(toOfficial(config, weights, { prefix })));
          expect(back.prefix).toBe(prefix);
          expect(back.ignored).toEqual([]);
          expect(Object.keys(back.parameters).sort()).toEqual(Object.keys(weights).sort());
          for (const [name, { shape, data }] of Object.entries(weights)) {
            expect(back.parameters[name]?.shape).toEqual(shape);
            expect(back.parameters[name]?.data).toEqual(data);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it("have the learned initial state beside the transition, as training saves it, or in it", () => {
    const config = { kind: "recurrent", features: 2, stateSize: 4, width: 4, learnedInitialState: true };
    const weights = { ...weightsOf(config), initialState: tensor([1, 2, 3, 4]) };
    const official = toOfficial(config, weights, { prefix: "algorithm.transition_model." });
    expect(Object.keys(official)).toContain("algorithm.init_z");
    expect(Object.keys(official)).toContain("algorithm.transition_model.x_from_z.weight");
    const saved = stored(toOfficial(config, weights, { prefix: "transition_model." }));
    expect(saved.init_z?.shape).toEqual([4]);
    expect(fromOfficial(config, saved)).toMatchObject({ prefix: "transition_model.", ignored: [] });
    const { init_z, ...others } = saved;
    const inside = { ...others, "transition_model.init_z": init_z! };
    expect([...fromOfficial(config, inside).parameters.initialState!.data]).toEqual([1, 2, 3, 4]);
    for (const dict of [saved, inside]) {
      expect(() => fromOfficial({ ...config, learnedInitialState: false }, dict)).toThrow(/init_z" has no place/);
    }
    expect(() => fromOfficial(config, others)).toThrow('tensor "init_z" [4] is missing');
  });

  it("may hold what belongs to no network", () => {
    const official = stored({
      ...toOfficial(small, weightsOf(small), { prefix: "diffusion_model." }),
      "diffusion_model.betas": tensor([1]),
      "metrics.model.init_mlp.0": tensor([1]),
    });
    expect(fromOfficial(small, official).ignored).toEqual(["diffusion_model.betas", "metrics.model.init_mlp.0"]);
  });

  const official = toOfficial(small, weightsOf(small));
  const without = (name: string) => Object.fromEntries(Object.entries(official).filter(([key]) => key !== name));
  it.each<[string, ModelConfig, Record<string, HostTensor>, string]>([
    ["lacks a tensor", small, without("model.out.bias"), 'tensor "model.out.bias" [2] is missing'],
    ["is another model", small, { x: tensor([1]) }, 'there is no tensor "model.init_mlp.0.weight"'],
    ["is empty", small, {}, "got nothing"],
    ["has a layer more", { ...small, layers: 2 }, official, 'tensor "model.transformer.layers.1'],
    [
      "has a layer less",
      small,
      toOfficial({ ...small, layers: 2 }, weightsOf({ ...small, layers: 2 })),
      "has no place",
    ],
    ["has another width", { ...small, features: 3 }, official, "is float32[8, 6], expected float32[8, 7]"],
    [
      "has another dtype",
      small,
      { ...official, "model.out.bias": tensor(Int32Array.of(1, 2)) },
      'tensor "model.out.bias" is int32[2], expected float32[2]',
    ],
  ])("are refused where the state dict %s", (_what, config, dict, message) => {
    expect(() => fromOfficial(config, stored(dict))).toThrow(
      expect.objectContaining({ code: "checkpoint-mismatch", message: expect.stringContaining(message) }),
    );
  });

  it("exist for the official models only", () => {
    const config = { kind: "dit3d", tokenShape: [2] };
    expect(() => fromOfficial(config, {})).toThrow(expect.objectContaining({ code: "invalid-config" }));
  });

  it("are refused with frequencies that the model does not compute with", () => {
    const [, , config] = configs as [ModelConfig, ModelConfig, ModelConfig];
    const dict = toOfficial(config, weightsOf(config));
    const name = Object.keys(dict).find((key) => key.endsWith("freqs"))!;
    expect(() => fromOfficial(config, stored({ ...dict, [name]: tensor(dict[name]!.data.map((x) => 2 * x)) }))).toThrow(
      "holds other constants",
    );
  });
});
