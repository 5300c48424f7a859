import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { trainingLevels } from "./training-levels.js";

const sizes = { batch: 200, frames: 4, levels: 10 };

/** Levels and masks, a sequence each. */
function drawn(source: "same" | "clean-past" | "next-frame") {
  const { noiseLevels, lossMask } = trainingLevels(source, sizes, createRandom(1));
  expect(noiseLevels?.shape).toEqual([200, 4]);
  expect(lossMask?.shape).toEqual([200, 4, 1, 1, 1]);
  const rows = (data: ArrayLike<number>) =>
    Array.from({ length: 200 }, (_, b) => Array.from({ length: 4 }, (_, t) => data[b * 4 + t]!));
  return { levels: rows(noiseLevels!.data), masks: rows(lossMask!.data) };
}

describe("trainingLevels", () => {
  it("leaves independent levels to training", () => {
    expect(trainingLevels("independent", sizes, createRandom(1))).toEqual({});
  });

  it("gives all frames of a sequence one level, each of 1..K sooner or later", () => {
    const { levels, masks } = drawn("same");
    for (const row of levels) expect(new Set(row).size).toBe(1);
    expect(new Set(levels.map(([level]) => level))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
    expect(masks.flat()).toEqual(new Array(800).fill(1));
  });

  it("trains one frame after clean ones, whatever comes later", () => {
    const { levels, masks } = drawn("clean-past");
    const targets = masks.map((mask) => mask.indexOf(1));
    expect(new Set(targets)).toEqual(new Set([1, 2, 3]));
    for (const [b, target] of targets.entries()) {
      expect(masks[b]!.reduce((sum, value) => sum + value)).toBe(1);
      expect(levels[b]!.slice(0, target)).toEqual(new Array(target).fill(0));
      expect(levels[b]!.slice(target + 1)).toEqual(new Array(3 - target).fill(10));
    }
    expect(new Set(targets.map((target, b) => levels[b]![target]))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
  });

  it("predicts the next frame out of pure noise", () => {
    const { levels, masks } = drawn("next-frame");
    for (const [b, mask] of masks.entries()) expect(levels[b]![mask.indexOf(1)]).toBe(10);
  });
});
