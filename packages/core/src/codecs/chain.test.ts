import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { chainCodecs } from "./chain.js";
import type { Codec } from "./codec.js";
import { frameStackCodec } from "./frame-stack.js";
import { imageCodec } from "./image.js";
import { normalizationCodec } from "./normalization.js";

/** Doubles, later. */
const slow: Codec = {
  config: { kind: "slow" },
  itemsPerToken: 1,
  parameters: { factor: tensor([2]) },
  tokenShape: (shape) => shape,
  encode: async (data) =>
    tensor(
      Float32Array.from(data.data, (x) => 2 * x),
      data.shape,
    ),
  decode: async (tokens) =>
    tensor(
      Float32Array.from(tokens.data, (x) => x / 2),
      tokens.shape,
    ),
};

describe("chainCodecs", () => {
  it("applies codecs in order, and backwards", () => {
    const codec = chainCodecs([normalizationCodec({ mean: [1, 10], std: [2, 5] }), frameStackCodec(2)]);
    const frames = tensor([1, 10, 3, 20, 5, 0, -1, 15], [1, 4, 2]);
    const tokens = codec.encode(frames);
    expect(tokens).toEqual(tensor([0, 0, 1, 2, 2, -2, -1, 1], [1, 2, 4]));
    expect(codec.decode(tokens)).toEqual(frames);
    expect(codec.tokenShape([2])).toEqual([4]);
    expect(codec.itemsPerToken).toBe(2);
    expect(codec.config).toEqual({
      kind: "chain",
      codecs: [
        { kind: "normalization", mean: [1, 10], std: [2, 5] },
        { kind: "frame-stack", frames: 2 },
      ],
    });
    expect("parameters" in codec).toBe(false);
  });

  it("waits for codecs that take their time, and keeps their weights apart by place", async () => {
    const codec = chainCodecs([imageCodec(), slow, frameStackCodec(2)]);
    const pixels = tensor(Int32Array.of(0, 255, 51, 0), [1, 2, 2]);
    const tokens = await codec.encode(pixels);
    expect(tokens).toEqual(tensor([-2, 2, 2 * Math.fround(-0.6), -2], [1, 1, 4]));
    expect((await codec.decode(tokens)) as HostTensor).toEqual(pixels);
    expect(codec.parameters).toEqual({ "1/factor": tensor([2]) });
  });

  it("waits for promises of another realm, and of a library's own", async () => {
    const later = runInNewContext("(value) => Promise.resolve(value)");
    const foreign: Codec = {
      ...slow,
      parameters: {},
      encode: (data) => later(data),
      decode: (tokens) => later(tokens),
    };
    const codec = chainCodecs([foreign, normalizationCodec({ mean: [1], std: [2] })]);
    expect([...(await codec.encode(tensor([3, 5], [1, 2, 1]))).data]).toEqual([1, 2]);
  });

  it("is of 1 to 16 codecs", () => {
    expect(() => chainCodecs([])).toThrow("a list of 1 to 16 codecs");
    expect(() => chainCodecs(new Array(17).fill(imageCodec()))).toThrow("a list of 1 to 16 codecs");
  });
});
