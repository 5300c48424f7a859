import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { categoricalCodec } from "./categorical.js";
import { chainCodecs } from "./chain.js";
import { type CodecReader, codecFromConfig } from "./codec-from-config.js";
import { frameStackCodec } from "./frame-stack.js";
import { imageCodec } from "./image.js";
import { normalizationCodec } from "./normalization.js";

describe("codecFromConfig", () => {
  it.each([
    normalizationCodec({ mean: [0, 1], std: [2, 0.5] }),
    frameStackCodec(3),
    imageCodec(),
    categoricalCodec({ categories: 7, encoding: "bits" }),
    chainCodecs([imageCodec(), frameStackCodec(2)]),
  ])("reads back what $config.kind wrote", (codec) => {
    const stored = JSON.parse(JSON.stringify(codec.config)) as unknown;
    expect(codecFromConfig(stored).config).toEqual(codec.config);
  });

  it("gives codecs from outside their own weights, in a chain too", () => {
    const given: unknown[] = [];
    const scale: CodecReader = (config, parameters) => {
      given.push(parameters);
      return { ...imageCodec(), config, parameters };
    };
    const weights: Record<string, HostTensor> = { "1/w": tensor([2]), "0/w": tensor([1]), "10/w": tensor([3]) };
    const codec = codecFromConfig({ kind: "chain", codecs: [{ kind: "image" }, { kind: "scale" }] }, weights, {
      scale,
    });
    expect(given).toEqual([{ w: tensor([2]) }]);
    expect(codec.parameters).toEqual({ "1/w": tensor([2]) });
  });

  it.each([
    [
      null,
      "A codec's kind is undefined; the known ones are normalization, frame-stack, image, categorical, variational-autoencoder, vector-quantizer, kept, chain",
    ],
    [{ kind: "zip" }, 'A codec\'s kind is "zip"'],
    [{ kind: "toString" }, 'A codec\'s kind is "toString"'],
    [{ kind: { toString: 1 } }, "A codec's kind is an object"],
    [{ kind: "image", size: 3 }, 'A codec of kind "image" has no size'],
    [{ kind: "frame-stack" }, "expected a whole number from 1"],
    [{ kind: "frame-stack", frames: 2, by: 1 }, "has no by"],
    [{ kind: "normalization", mean: [0], std: [1e-320] }, "std.0 is 1e-320"],
    [
      { kind: "kept", kept: 0, codec: { kind: "normalization", mean: [0], std: [1] } },
      "expected a whole number from 1",
    ],
    [{ kind: "kept", kept: 1, by: 2, codec: { kind: "image" } }, "has no by"],
    [{ kind: "kept", kept: 1 }, "A codec's kind is undefined"],
    [{ kind: "kept", kept: 1, codec: { kind: "frame-stack", frames: 2 } }, "expected one of vectors"],
    [{ kind: "kept", kept: 1, codec: { kind: "kept", kept: 1, codec: { kind: "image" } } }, "holds others"],
    [{ kind: "chain", codecs: "image" }, 'A chain\'s codecs are "image"; expected a list'],
    [{ kind: "chain", codecs: [] }, "a list of 1 to 16"],
    [{ kind: "chain", codecs: [{ kind: "chain", codecs: [{ kind: "image" }] }] }, "A chain of codecs holds a chain"],
  ])("refuses %j", (config, message) => {
    let error: unknown;
    try {
      codecFromConfig(config);
    } catch (caught) {
      error = caught;
    }
    expect(isDiffusionForcingError(error, "invalid-config")).toBe(true);
    expect(String(error)).toContain(message);
  });
});
