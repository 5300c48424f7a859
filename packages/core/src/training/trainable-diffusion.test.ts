import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { tensor, zeros } from "../engine/tensor/tensor.js";
import { transformer } from "../models/transformer/index.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { Trainable } from "./trainable.js";
import { asTrainable, trainableDiffusion } from "./trainable-diffusion.js";

describe("trainableDiffusion", () => {
  const of = (noiseClip = 20) => {
    const process = variancePreserving(cosineSchedule(10), { noiseClip });
    const model = transformer({ features: 2, width: 8, layers: 1, heads: 1 });
    return trainableDiffusion({ model, process, lossWeighting: process.lossWeighting });
  };
  const tokens = zeros("float32", [3, 40, 2]);

  it("draws levels from 1 to K and noise up to the limit, each under its own label", () => {
    const random = createRandom(5);
    const { noiseLevels, noise } = of(1.5).inputs({ tokens }, random);
    expect([noiseLevels!.shape, Math.min(...noiseLevels!.data), Math.max(...noiseLevels!.data)]).toEqual([
      [3, 40],
      1,
      10,
    ]);
    const expected = new Float32Array(240);
    random.split("noise").fillNormal(expected, { clip: 1.5 });
    expect([noise!.shape, [...noise!.data]]).toEqual([[3, 40, 2], [...expected]]);
    expect(Math.max(...noise!.data)).toBe(1.5);
    const levels = random.split("levels");
    expect([...noiseLevels!.data]).toEqual(Array.from({ length: 120 }, () => levels.integer(1, 11)));
  });

  it("takes the levels of the batch, and gives a mask the axes that it lacks", () => {
    const noiseLevels = tensor(new Int32Array(120).fill(4), [3, 40]);
    const lossMask = tensor([1, 0], [2]);
    const inputs = of().inputs({ tokens, noiseLevels, lossMask }, createRandom(1));
    expect(inputs.noiseLevels).toBe(noiseLevels);
    expect(inputs.lossMask).toEqual(tensor([1, 0], [1, 1, 2]));
    expect(Object.keys(inputs).sort()).toEqual(["lossMask", "noise", "noiseLevels", "tokens"]);
  });
});

describe("asTrainable", () => {
  const own: Trainable = {
    config: { kind: "own" },
    tokenShape: [1],
    parameters: {},
    checkBatch: () => {},
    inputs: ({ tokens }) => ({ tokens }),
    loss: () => {
      throw new Error("never");
    },
  };
  const process = variancePreserving(cosineSchedule(10), { noiseClip: 3 });
  const model = transformer({ features: 2, width: 8, layers: 1, heads: 1 });
  const diffusion = { model, process, lossWeighting: process.lossWeighting };

  it("makes a diffusion trainable, and leaves what is", () => {
    expect(asTrainable(own)).toBe(own);
    const { config, tokenShape, parameters, process: saved } = asTrainable(diffusion, { denominator: () => 1 });
    expect([config, tokenShape, parameters, saved]).toEqual([model.config, [2], model.parameters, process.config]);
  });

  it("refuses a loss for what has its own", () => {
    expect(() => asTrainable(own, {})).toThrow("loss is given, but a own has a loss of its own. Leave it out.");
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["a diffusion without a process", { ...diffusion, process: undefined }],
    ["a model", model],
    ["no check of batches", { ...own, checkBatch: undefined }],
    ["no inputs", { ...own, inputs: undefined }],
    ["no loss", { ...own, loss: 1 }],
    ["no parameters", { ...own, parameters: undefined }],
  ])("refuses %s", (_name, subject) => {
    expect(() => asTrainable(subject as never)).toThrow("train: what is trained: the value is");
  });
});
