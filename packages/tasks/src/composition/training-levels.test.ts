import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { dialLevels } from "./training-levels.js";

const { shape, data } = dialLevels(createRandom(1), { batch: 400, tokens: 12, levels: 50 });
const sequences = Array.from({ length: 400 }, (_, b) => Array.from(data.subarray(b * 12, b * 12 + 12)));

describe("dialLevels", () => {
  it("shows half of the sequences as a plan sees them: forgotten, remembered, planned, not yet thought of", () => {
    expect(shape).toEqual([400, 12]);
    for (const levels of sequences.filter((_, b) => b % 2 === 0)) {
      const text = levels.map((level) => (level === 50 ? "K" : level === 1 ? "1" : `<${level}>`)).join("");
      expect(text).toMatch(/^K*1*(<\d+>)*K*$/);
      expect(new Set(levels.filter((level) => level > 1 && level < 50)).size).toBeLessThanOrEqual(1);
    }
  });

  it("draws independent levels from 1 to K for the other half", () => {
    const others = sequences.filter((_, b) => b % 2 === 1).flat();
    expect([Math.min(...others), Math.max(...others)]).toEqual([1, 50]);
    const mean = others.reduce((sum, level) => sum + level, 0) / others.length;
    expect(Math.abs(mean - 25.5)).toBeLessThan(1.2); // four standard deviations of the mean of 2,400 draws
  });
});
