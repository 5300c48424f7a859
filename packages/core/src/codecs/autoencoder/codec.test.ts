import { describe, expect, it } from "vitest";
import type { Backend } from "../../engine/backend/contract.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { initializeParameters } from "../../models/parameters.js";
import { categoricalCodec } from "../categorical.js";
import { chainCodecs } from "../chain.js";
import { codecOn } from "../codec.js";
import { codecFromConfig, learnedNetworks } from "../codec-from-config.js";
import { frameStackCodec } from "../frame-stack.js";
import { variationalAutoencoder } from "./autoencoder.js";
import { autoencoderCodec } from "./codec.js";

const autoencoder = variationalAutoencoder({
  features: 12,
  latentFeatures: 3,
  width: 8,
  layers: 1,
  reconstruction: { kind: "categorical", categories: 6 },
});
const parameters = initializeParameters(autoencoder, createRandom(2));
const learned = autoencoderCodec({ autoencoder, parameters });
/** Two frames of one symbol each are a token. */
const codec = chainCodecs([categoricalCodec({ categories: 6 }), frameStackCodec(2), learned]);
const symbols = tensor(
  Int32Array.from({ length: 600 }, (_, i) => (7 * i) % 6),
  [2, 300],
);

/** Counts what is compiled. */
function counting(): { backend: Backend; compiled: () => number } {
  const reference = referenceBackend();
  let count = 0;
  const backend: Backend = {
    ...reference,
    compile: (...given) => {
      count++;
      return reference.compile(...given);
    },
  };
  return { backend, compiled: () => count };
}

describe("autoencoderCodec", () => {
  it("makes tokens of symbols and symbols of tokens, one item at a time", async () => {
    const tokens = await codec.encode(symbols);
    expect(tokens.shape).toEqual([2, 150, 3]);
    expect(codec.tokenShape([])).toEqual([3]);
    expect(codec.itemsPerToken).toBe(2);
    const back = await codec.decode(tokens);
    expect([back.dtype, back.shape]).toEqual(["int32", [2, 300]]);
    // Alone or among 300 others: an item's token is its own.
    const alone = await codec.encode(tensor(symbols.data.slice(10, 12) as Int32Array, [1, 2]));
    expect([...alone.data]).toEqual([...tokens.data.slice(15, 18)].map((x) => expect.closeTo(x, 6)));
  });

  it("computes on the backend that it is given, with few graphs for all sizes", async () => {
    const { backend, compiled } = counting();
    const there = codecOn(backend, codec);
    const tokens = await there.encode(symbols);
    expect(tokens).toEqual(await codec.encode(symbols));
    expect(compiled()).toBe(1);
    for (const length of [298, 250, 22, 20])
      await there.encode(tensor(symbols.data.slice(0, length) as Int32Array, [1, length]));
    expect(compiled()).toBe(3); // of 256 rows, 128 and 16
    const plain = frameStackCodec(2);
    expect(codecOn(backend, plain)).toBe(plain);
  });

  it("comes back from its configuration and its weights", async () => {
    const stored: unknown = JSON.parse(JSON.stringify(codec.config));
    const again = codecFromConfig(stored, codec.parameters ?? {});
    expect(again.parameters).toEqual(codec.parameters);
    expect(await again.encode(symbols)).toEqual(await codec.encode(symbols));
    expect(learnedNetworks(stored).map(({ config }) => config)).toEqual([autoencoder.config]);
    expect(learnedNetworks({ kind: "image" })).toEqual([]);
    expect(learnedNetworks(undefined)).toEqual([]);
  });

  it("refuses weights of another autoencoder, and data of another shape", async () => {
    const { "decoder.output.bias": _, ...rest } = parameters;
    expect(() => autoencoderCodec({ autoencoder, parameters: rest })).toThrow('"decoder.output.bias" [12] is missing');
    expect(() => autoencoderCodec(null as never)).toThrow("autoencoderCodec: the value is null; expected an object");
    expect(() => autoencoderCodec({ autoencoder: null as never, parameters })).toThrow("autoencoder is null");
    expect(() => learned.tokenShape([3])).toThrow("the items are [3]; expected [12]");
    expect(() => learned.decode(tensor([1, 2], [1, 1, 2]))).toThrow("expected float32[B, F, 3]");
    expect((await learned.encode(tensor(new Float32Array(0), [1, 0, 12]))).shape).toEqual([1, 0, 3]);
  });
});
