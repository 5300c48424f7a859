import { createRandom, isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { fitNormalizer, normalizeFrames, parseNormalizer } from "./frames.js";

describe("fitNormalizer", () => {
  it("takes the mean and population deviation of each feature", () => {
    const two = Float32Array.of(1, 10, -3, 3, 14, 3);
    expect(fitNormalizer([two], 3)).toEqual({ mean: [2, 12, 0], std: [1, 2, 3] });
  });

  it("takes all trajectories together", () => {
    const parts = [Float32Array.of(1, 10), Float32Array.of(), Float32Array.of(3, 14)];
    expect(fitNormalizer(parts, 2)).toEqual({ mean: [2, 12], std: [1, 2] });
  });

  it("refuses a feature that never changes, which would become NaN", () => {
    const fit = () => fitNormalizer([Float32Array.of(1, 5, 2, 5)], 2);
    expect(fit).toThrow("Channel 1 of the 2 frames has variance 0");
    expect(fit).toThrow(expect.toSatisfy((error) => isDiffusionForcingError(error, "invalid-data")));
  });
});

describe("normalizeFrames", () => {
  const normalizer = { mean: [2, 12], std: [0.5, 4] };

  it("subtracts the mean, divides by the deviation, and back", () => {
    const frames = Float32Array.of(2, 12, 3, 8);
    normalizeFrames(frames, normalizer);
    expect([...frames]).toEqual([0, 0, 2, -1]);
    normalizeFrames(frames, normalizer, true);
    expect([...frames]).toEqual([2, 12, 3, 8]);
  });

  it("makes fitted data of mean 0 and deviation 1, and returns it to float32 precision", () => {
    const random = createRandom(4);
    const observations = new Float32Array(400);
    for (let i = 0; i < 400; i++) observations[i] = 3 + 2 * random.normal();
    const frames = observations.slice();
    const fitted = fitNormalizer([observations], 4);
    normalizeFrames(frames, fitted);
    const again = fitNormalizer([frames], 4);
    for (const mean of again.mean) expect(mean).toBeCloseTo(0, 6);
    for (const deviation of again.std) expect(deviation).toBeCloseTo(1, 6);
    normalizeFrames(frames, fitted, true);
    frames.forEach((value, i) => {
      expect(value).toBeCloseTo(observations[i] as number, 5);
    });
  });
});

describe("parseNormalizer", () => {
  it("reads what JSON wrote", () => {
    const normalizer = { mean: [1.9328, 2.3745], std: [0.8997, 0.7093] };
    expect(parseNormalizer(JSON.parse(JSON.stringify(normalizer)), 2)).toEqual(normalizer);
  });

  it.each<[string, unknown]>([
    ["nothing", null],
    ["a number", 3],
    ["no mean", { std: [1, 1] }],
    ["no deviation", { mean: [0, 0] }],
    ["too few features", { mean: [0], std: [1] }],
    ["too many features", { mean: [0, 0, 0, 0], std: [1, 1, 1, 1] }],
    ["text", { mean: [0, "0"], std: [1, 1] }],
    ["null, which JSON makes of NaN", { mean: [0, null], std: [1, 1] }],
    ["a deviation of 0", { mean: [0, 0], std: [1, 0] }],
    ["a negative deviation", { mean: [0, 0], std: [1, -1] }],
  ])("refuses %s", (_what, value) => {
    const parse = () => parseNormalizer(value, 2);
    expect(parse).toThrow(expect.toSatisfy((error) => isDiffusionForcingError(error, "invalid-config")));
  });
});
