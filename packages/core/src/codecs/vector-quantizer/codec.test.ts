import { describe, expect, it } from "vitest";
import { encodeBundle, loadBundle } from "../../bundle/bundle.js";
import type { Bundle } from "../../bundle/bundle-kinds.js";
import { filesStore } from "../../bundle/sources/source.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { diffusionForcing } from "../../forcing.js";
import { initializeParameters } from "../../models/parameters.js";
import { transformer } from "../../models/transformer/index.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { tokenPrediction } from "../../process/token-prediction/token-prediction.js";
import { Sampler } from "../../sampling/sampler.js";
import { codecFromConfig, learnedNetworks } from "../codec-from-config.js";
import { imageCodec } from "../image.js";
import { asVectorQuantizer, vectorQuantizerCodec } from "./codec.js";
import { vectorQuantizer } from "./vector-quantizer.js";

const quantizer = vectorQuantizer({ features: 5, latentFeatures: 3, codes: 6, width: 8, layers: 1 });
const parameters = initializeParameters(quantizer, createRandom(2));
const codec = vectorQuantizerCodec({ quantizer, parameters });
const items = tensor(
  Float32Array.from({ length: 2 * 30 * 5 }, (_, i) => Math.sin(7 * i)),
  [2, 30, 5],
);
const codes = (values: number[], shape: number[]): HostTensor<"int32"> => tensor(Int32Array.from(values), shape);

describe("vectorQuantizerCodec", () => {
  it("makes tokens of items, by the vectors of their codes", async () => {
    const tokens = await codec.encode(items);
    const numbers = await codec.encodeCodes(items);
    expect([tokens.shape, numbers.shape, numbers.dtype]).toEqual([[2, 30, 3], [2, 30], "int32"]);
    expect(codec.codesOf(tokens)).toEqual(numbers);
    expect(codec.tokensOf(numbers)).toEqual(tokens);
    expect(await codec.decode(tokens)).toEqual(await codec.decodeCodes(numbers));
    expect(codec.tokenShape([5])).toEqual([3]);
  });

  it("has tokens of mean 0 and mean square 1, and takes the nearest of what is no token", () => {
    const all = codec.codebook.flat();
    expect(codec.codebook.map((row) => row.length)).toEqual([3, 3, 3, 3, 3, 3]);
    expect(all.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 5);
    expect(all.reduce((sum, x) => sum + x * x, 0) / 18).toBeCloseTo(1, 5);
    const off = (codec.codebook[4] as number[]).map((x) => x + 1e-3);
    expect(codec.codesOf(tensor(off, [1, 1, 3]))).toEqual(codes([4], [1, 1]));
  });

  it("comes back from its configuration and its weights", async () => {
    const stored: unknown = JSON.parse(JSON.stringify(codec.config));
    const again = asVectorQuantizer(codecFromConfig(stored, codec.parameters ?? {}));
    expect(await again.encodeCodes(items)).toEqual(await codec.encodeCodes(items));
    expect(again.codebook).toEqual(codec.codebook);
    expect(learnedNetworks(stored).map(({ config }) => config)).toEqual([quantizer.config]);
  });

  it("shares a bundle with a model that predicts its codes", async () => {
    const backend = referenceBackend();
    const forcing = diffusionForcing({
      model: transformer({ features: 3, outputs: 6, width: 8, layers: 1, heads: 2 }),
      process: tokenPrediction({ codebook: codec.codebook, schedule: cosineSchedule(20) }),
    });
    const tokens = await codec.encode(items);
    const trained = await forcing.train({ backend, batches: () => ({ tokens }), seed: 1, steps: 4 });
    const files = encodeBundle({ diffusion: forcing, parameters: trained.parameters, codec });
    const bundle = await loadBundle(filesStore(files));
    const sampled = async ({ diffusion, parameters: weights }: Pick<Bundle, "diffusion" | "parameters">) =>
      new Sampler(diffusion, { backend, parameters: weights, timesteps: 5 }).sample({ length: 6, seed: 2 });
    const drawn = await sampled(bundle);
    expect(drawn).toEqual(await sampled({ diffusion: forcing, parameters: trained.parameters }));
    // What comes out are codes, and the codec in the bundle reads them.
    const read = asVectorQuantizer(bundle.codec);
    expect(read.tokensOf(read.codesOf(drawn))).toEqual(drawn);
    expect((await read.decode(drawn)).shape).toEqual([1, 6, 5]);
  });

  it("refuses codes there are not, data of another shape, and weights or codecs of another kind", async () => {
    await expect(codec.decodeCodes(codes([0, 6], [1, 2]))).rejects.toThrow("there is no code 6; expected 0 to 5");
    expect(() => codec.tokensOf(codes([-1], [1, 1]))).toThrow("there is no code -1");
    await expect(codec.encode(tensor([1, 2], [1, 1, 2]))).rejects.toThrow("expected float32[B, F, 5]");
    expect(() => codec.codesOf(tensor([1, 2], [1, 1, 2]))).toThrow("expected float32[B, F, 3]");
    const lost = tensor([1, 2, Number.NaN, 4, 5], [1, 1, 5]);
    await expect(codec.encode(lost)).rejects.toThrow(/what is encoded holds NaN at element 2/);
    expect(() => codec.codesOf(tensor([1, Number.POSITIVE_INFINITY, 3], [1, 1, 3]))).toThrow(
      /what is decoded holds Infinity at element 1/,
    );
    expect(() => codec.tokenShape([3])).toThrow("the items are [3]; expected [5]");
    const { codebook: _, ...rest } = parameters;
    expect(() => vectorQuantizerCodec({ quantizer, parameters: rest })).toThrow('"codebook" [6, 3] is missing');
    expect(() => vectorQuantizerCodec({ quantizer: null as never, parameters })).toThrow("quantizer is null");
    expect(() => vectorQuantizerCodec({ quantizer, parameters: null as never })).toThrow("parameters is null");
    expect(() => asVectorQuantizer(imageCodec())).toThrow('of kind "image"; expected a "vector-quantizer"');
    expect(() => asVectorQuantizer(undefined)).toThrow("is missing");
  });
});
