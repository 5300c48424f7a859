import { createRandom, isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import type { MazeDataset } from "../dataset.js";
import { type FrameField, fitNormalizer, normalizeFrames, parseNormalizer, readFrames } from "./frames.js";

const dataset: MazeDataset = {
  observations: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
  actions: Float32Array.of(0.125, 0.25, 0.375, 0.5, 0.625, 0.75),
};

describe("readFrames", () => {
  it.each<[FrameField[], number[]]>([
    [["position"], [5, 6, 9, 10]],
    [
      ["position", "velocity"],
      [5, 6, 7, 8, 9, 10, 11, 12],
    ],
    [
      ["position", "action"],
      [5, 6, 0.375, 0.5, 9, 10, 0.625, 0.75],
    ],
    [
      ["position", "velocity", "action"],
      [5, 6, 7, 8, 0.375, 0.5, 9, 10, 11, 12, 0.625, 0.75],
    ],
  ])("lays out %s frame by frame, each with the action then taken", (fields, expected) => {
    const frames = new Float32Array(expected.length);
    readFrames(dataset, fields, 1, 2, frames);
    expect([...frames]).toEqual(expected);
  });
});

describe("fitNormalizer", () => {
  it("takes the mean and population deviation of each feature", () => {
    const two: MazeDataset = {
      observations: Float32Array.of(1, 10, -3, 0, 3, 14, 3, 1),
      actions: Float32Array.of(0, 0.5, 1, -0.5),
    };
    expect(fitNormalizer(two, ["position", "velocity", "action"])).toEqual({
      mean: [2, 12, 0, 0.5, 0.5, 0],
      std: [1, 2, 3, 0.5, 0.5, 0.5],
    });
    expect(fitNormalizer(two, ["position"])).toEqual({ mean: [2, 12], std: [1, 2] });
  });

  it("refuses a feature that never changes, which would become NaN", () => {
    const still: MazeDataset = {
      observations: Float32Array.of(1, 5, 0, 0, 2, 5, 0, 0),
      actions: Float32Array.of(0, 0, 0, 0),
    };
    const fit = () => fitNormalizer(still, ["position"]);
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
    const data: MazeDataset = { observations, actions: new Float32Array(200) };
    const frames = new Float32Array(400);
    readFrames(data, ["position", "velocity"], 0, 100, frames);
    const fitted = fitNormalizer(data, ["position", "velocity"]);
    normalizeFrames(frames, fitted);
    const again = fitNormalizer({ observations: frames, actions: data.actions }, ["position", "velocity"]);
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
