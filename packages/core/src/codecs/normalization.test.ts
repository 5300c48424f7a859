import { describe, expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { fitNormalization, normalizationCodec } from "./normalization.js";

describe("normalizationCodec", () => {
  const codec = normalizationCodec({ mean: [1, 10], std: [2, 5] });

  it("normalises every channel, of vectors and of images", () => {
    const tokens = codec.encode(tensor([1, 10, 3, 20], [1, 2, 2]));
    expect(Array.from(tokens.data)).toEqual([0, 0, 1, 2]);
    expect(Array.from(codec.decode(tokens).data)).toEqual([1, 10, 3, 20]);
    const image = codec.encode(tensor([1, 3, 10, 15], [1, 1, 2, 1, 2]));
    expect(image).toEqual(tensor([0, 1, 0, 1], [1, 1, 2, 1, 2]));
    expect(codec.tokenShape([2, 8, 8])).toEqual([2, 8, 8]);
    expect(codec.itemsPerToken).toBe(1);
  });

  it("works in place on frames in a row", () => {
    const frames = Float32Array.of(3, 15, 5, 5);
    codec.normalize(frames);
    expect([...frames]).toEqual([1, 1, 2, -1]);
    codec.denormalize(frames);
    expect([...frames]).toEqual([3, 15, 5, 5]);
  });

  it("refuses other channels", () => {
    expect(() => codec.encode(tensor([1, 2, 3], [1, 1, 3]))).toThrow("does not have the 2 channels");
    expect(() => codec.encode(tensor(Int32Array.of(1, 2), [1, 1, 2]))).toThrow("expected float32[B, F, ...]");
    expect(() => codec.tokenShape([3])).toThrow("the items are [3]; expected [2, ...]");
  });

  it.each([
    [{ mean: [1e308], std: [1] }, "mean.0 is 1e+308; expected a number from -1000000000000000000 to"],
    [{ mean: [0], std: [1e-320] }, "std.0 is 1e-320"],
    [{ mean: [0], std: [0] }, "std.0 is 0"],
    [{ mean: [0], std: [-1] }, "std.0 is -1"],
    [{ mean: [Number.NaN], std: [1] }, "mean.0 is NaN"],
    [{ mean: [null], std: [1] }, "mean.0 is null"],
    [{ mean: [0, 0], std: [1] }, "as many numbers in mean as in std"],
    [{ mean: [], std: [] }, "at least one number"],
    [{ mean: [0] }, "std is missing"],
    [{ mean: [0], std: [1], deviation: [1] }, "there is no option deviation"],
  ])("refuses %j", (options, message) => {
    expect(() => normalizationCodec(options as never)).toThrow(message);
  });

  it("is fitted to data: population mean and standard deviation", () => {
    const fitted = fitNormalization([1, 10, 3, 10, 5, 40], 2);
    expect(fitted.config.mean[0]).toBeCloseTo(3, 12);
    expect(fitted.config.mean[1]).toBeCloseTo(20, 12);
    expect(fitted.config.std[0]).toBeCloseTo(Math.sqrt(8 / 3), 12);
    expect(fitted.config.std[1]).toBeCloseTo(Math.sqrt(200), 12);
    expect(() => fitNormalization([1, 10, 3, 10], 2)).toThrow("Channel 1 of the 2 frames has variance 0");
  });

  it.each([
    [[1, 2, 3], 2, "3 numbers in frames of 2"],
    [[], 2, "0 numbers in frames of 2"],
    [[1, 2], 0, "2 numbers in frames of 0"],
    [[1, 2], Number.NaN, "2 numbers in frames of NaN"],
    [[1, 2], 0.5, "2 numbers in frames of 0.5"],
    [null, 2, "undefined numbers in frames of 2"],
  ])("is not fitted to %j in frames of %s", (frames, channels, message) => {
    expect(() => fitNormalization(frames as never, channels)).toThrow(message);
  });
});
