import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { policyLevels } from "./training-levels.js";

const { shape, data } = policyLevels(createRandom(1), { batch: 2000, tokens: 20, levels: 50 });
const sequences = Array.from({ length: 2000 }, (_, b) => Array.from(data.subarray(b * 20, b * 20 + 20)));
const share = (holds: (levels: number[]) => boolean): number => sequences.filter(holds).length / 2000;

describe("policyLevels", () => {
  it("shows sequences of every share of clean tokens", () => {
    expect(shape).toEqual([2000, 20]);
    expect([Math.min(...data), Math.max(...data)]).toEqual([1, 50]);
    const clean = (levels: number[]): number => levels.filter((level) => level === 1).length / 20;
    expect(share((levels) => clean(levels) < 0.1)).toBeGreaterThan(0.07);
    expect(share((levels) => clean(levels) > 0.9)).toBeGreaterThan(0.05);
    const mean = sequences.reduce((sum, levels) => sum + clean(levels), 0) / 2000;
    expect(Math.abs(mean - 0.46)).toBeLessThan(0.03); // 0.51 where nothing is forgotten, 0.27 in a fifth
  });

  it("forgets the beginning of a fifth of them", () => {
    const forgets = share((levels) => levels.slice(0, 3).every((level) => level === 50));
    expect(Math.abs(forgets - 0.17)).toBeLessThan(0.035); // 0.2, less places 0, 1 and 2 of 20
  });
});
