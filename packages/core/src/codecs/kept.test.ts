import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { initializeParameters } from "../models/parameters.js";
import { autoencoderCodec, variationalAutoencoder } from "./autoencoder/index.js";
import { codecFromConfig, learnedNetworks } from "./codec-from-config.js";
import { frameStackCodec } from "./frame-stack.js";
import { keptCodec } from "./kept.js";
import { normalizationCodec } from "./normalization.js";

const codec = keptCodec({ kept: 1, codec: normalizationCodec({ mean: [10, 20], std: [2, 4] }) });

describe("keptCodec", () => {
  it("keeps the first numbers, and takes the others through its codec and back", async () => {
    const items = tensor([7, 12, 28, 8, 10, 20], [1, 2, 3]);
    const tokens = await codec.encode(items);
    expect(tokens).toEqual(tensor([7, 1, 2, 8, 0, 0], [1, 2, 3]));
    expect(await codec.decode(tokens)).toEqual(items);
    expect([codec.tokenShape([3]), codec.itemsPerToken]).toEqual([[3], 1]);
  });

  it("owns the weights of a codec that has learned, and is what its configuration says", async () => {
    const autoencoder = variationalAutoencoder({ features: 4, latentFeatures: 2, width: 8, layers: 1 });
    const learned = autoencoderCodec({ autoencoder, parameters: initializeParameters(autoencoder, createRandom(1)) });
    const pixels = tensor([0.1, 0.2, 0.3, 0.4, 1, 0, -1, 0], [1, 2, 4]);
    const alone = (await learned.encode(pixels)).data;
    const both = keptCodec({ kept: 1, codec: learned });
    expect(both.parameters).toEqual(learned.parameters);
    expect(learnedNetworks(both.config)[0]?.config).toEqual(autoencoder.config);
    const again = codecFromConfig(JSON.parse(JSON.stringify(both.config)), both.parameters);
    const items = tensor([5, 0.1, 0.2, 0.3, 0.4, 6, 1, 0, -1, 0], [1, 2, 5]);
    const expected = [5, ...alone.subarray(0, 2), 6, ...alone.subarray(2, 4)];
    for (const one of [both, again, again.withBackend?.(referenceBackend())]) {
      expect(Array.from((await one?.encode(items))?.data ?? [])).toEqual(expected);
    }
  });

  it("refuses other items, and codecs that are not of vectors", async () => {
    await expect(codec.encode(tensor([1], [1, 1, 1]))).rejects.toThrow("more than the 1 numbers that are kept");
    await expect(codec.encode(tensor([1, 2], [1, 1, 2]))).rejects.toThrow("normalizationCodec");
    expect(() => codec.tokenShape([1])).toThrow("the items are [1]");
    expect(() => keptCodec({ kept: 1, codec: frameStackCodec(2) })).toThrow('the codec is of kind "frame-stack"');
    expect(() => keptCodec({ kept: 1, codec })).toThrow('the codec is of kind "kept"');
  });
});
