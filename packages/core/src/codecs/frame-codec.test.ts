import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { frameCodec, stackFrames } from "./frame-codec.js";

describe("frameCodec", () => {
  it("normalises by channel and puts consecutive frames side by side", () => {
    const codec = frameCodec({ frameShape: [2], stack: 2, mean: [1, 10], deviation: [2, 5] });
    expect(codec.tokenShape).toEqual([4]);
    const tokens = codec.encode(tensor([1, 10, 3, 20, 5, 0, -1, 15], [1, 4, 2]));
    expect(tokens.shape).toEqual([1, 2, 4]);
    expect(Array.from(tokens.data)).toEqual([0, 0, 1, 2, 2, -2, -1, 1]);
    expect(Array.from(codec.decode(tokens).data)).toEqual([1, 10, 3, 20, 5, 0, -1, 15]);
  });

  it("gives images back, whatever their size and stack", () => {
    const sizes = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      stack: fc.integer({ min: 1, max: 3 }),
      tokens: fc.integer({ min: 1, max: 3 }),
      channels: fc.integer({ min: 1, max: 3 }),
      height: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(sizes, ({ batch, stack, tokens, channels, height }) => {
        const shape = [batch, tokens * stack, channels, height, 2];
        const size = shape.reduce((product, n) => product * n, 1);
        const frames = tensor(
          Float32Array.from({ length: size }, (_, i) => i % 17),
          shape,
        );
        const deviation = new Array<number>(channels).fill(2);
        const codec = frameCodec({ frameShape: [channels, height, 2], stack, deviation });
        const encoded = codec.encode(frames);
        expect(encoded.shape).toEqual([batch, tokens, channels * stack, height, 2]);
        expect(codec.decode(encoded)).toEqual(frames);
      }),
      { numRuns: 40 },
    );
  });

  it("refuses frames that do not divide, naming the nearest numbers that do, and impossible moments", () => {
    expect(() => stackFrames(tensor([1, 2, 3, 4, 5], [1, 5, 1]), 2)).toThrow(
      "5 frames do not divide into tokens of 2; give 4 or 6",
    );
    expect(() => stackFrames(tensor([1], [1, 1, 1]), 2)).toThrow("give 2");
    expect(() => frameCodec({ frameShape: [2], mean: [1] })).toThrow("expected 2 finite numbers each");
    expect(() => frameCodec({ frameShape: [1], deviation: [0] })).toThrow("deviations positive");
    expect(() => frameCodec({ frameShape: [3] }).encode(tensor([1, 2], [1, 1, 2]))).toThrow(
      "expected float32[B, T, 3]",
    );
  });
});
