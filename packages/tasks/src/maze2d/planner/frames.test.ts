import { describe, expect, it } from "vitest";
import type { MazeDataset } from "../dataset.js";
import { datasetFrames, type FrameField } from "./frames.js";

const dataset: MazeDataset = {
  observations: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
  actions: Float32Array.of(0.125, 0.25, 0.375, 0.5, 0.625, 0.75),
};

describe("datasetFrames", () => {
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
    const frames = datasetFrames(dataset, fields);
    expect([...frames.subarray(frames.length / 3)]).toEqual(expected);
  });
});
