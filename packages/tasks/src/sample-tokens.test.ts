import {
  type Bundle,
  cosineSchedule,
  createRandom,
  diffusionForcing,
  initializeParameters,
  isDiffusionForcingError,
  referenceBackend,
  transformer,
} from "@diffusion-forcing/core";
import { normalizationCodec } from "@diffusion-forcing/core/bundle";
import { describe, expect, it } from "vitest";
import { sampleTokens } from "./sample-tokens.js";

function tinyBundle(conditionFeatures = 0): Bundle {
  const diffusion = diffusionForcing({
    model: transformer({ features: 2, conditionFeatures, width: 8, heads: 2, layers: 1, feedForward: 8 }),
    schedule: cosineSchedule(20),
  });
  return {
    diffusion,
    parameters: initializeParameters(diffusion.model, createRandom(0)),
    codec: normalizationCodec({ mean: [100, 200], std: [1, 1] }),
    trainedOn: { tokens: [2, 4] },
  };
}

async function shapesOf(length: number, bundle = tinyBundle()) {
  const context = { backend: referenceBackend(), batch: 3, length, seed: 1, options: { steps: 2 } };
  const shapes: (readonly number[])[] = [];
  let last: ArrayLike<number> = [];
  for await (const { sequences, isGiven } of sampleTokens(bundle, context)) {
    expect(isGiven).toBe(false);
    shapes.push(sequences.shape);
    last = sequences.data;
  }
  return { shapes, last };
}

describe("sampleTokens", () => {
  it("samples as many tokens as the model knows together, and more of them one by one, decoded", async () => {
    const { shapes, last } = await shapesOf(4);
    expect(shapes).toEqual([[3, 4, 2]]);
    expect(last[0]).toBeGreaterThan(90);
    expect(last[1]).toBeGreaterThan(190);
    expect((await shapesOf(6)).shapes).toEqual(Array.from({ length: 6 }, () => [3, 1, 2]));
  });

  it("refuses a model that takes a condition", async () => {
    await expect(shapesOf(4, tinyBundle(1))).rejects.toSatisfy((error) =>
      isDiffusionForcingError(error, "invalid-argument"),
    );
  });
});
