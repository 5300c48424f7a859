import { createRandom, tensor } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { drawPlanningLevels, planningLevels } from "./planning-levels.js";

describe("planningLevels", () => {
  it("follows the official rule for the first sample of a recorded batch", () => {
    const draws = {
      terminal: tensor(Int32Array.of(2)),
      base: tensor(Int32Array.of(33, 51, 11, 39, 98, 29, 87, 25), [1, 8]),
      start: tensor(Int32Array.of(25)),
    };
    const { noiseLevels, frameWeights, presentFrames } = planningLevels(
      draws,
      { batch: 1, tokens: 8, levels: 100, framesPerToken: 1 },
      tensor(Uint8Array.of(1, 1, 1, 1, 1, 1, 0, 0), [1, 8]),
    );
    expect([...noiseLevels.data]).toEqual([25, 51, 100, 100, 100, 100, 100, 100]);
    expect([...presentFrames.data]).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
    const absent = Math.fround(0.05);
    expect([...frameWeights.data]).toEqual([1, 1, absent, absent, absent, absent, 0, 0]);
  });

  it("counts the terminal in tokens and the mask in frames", () => {
    const draws = { terminal: tensor(Int32Array.of(3)), base: tensor(Int32Array.of(5, 6, 7, 8), [1, 4]) };
    const { noiseLevels, frameWeights } = planningLevels(
      draws,
      { batch: 1, tokens: 4, levels: 9, framesPerToken: 2 },
      tensor(Uint8Array.of(1, 1, 1, 0, 0, 0, 1, 1), [1, 8]),
    );
    expect([...noiseLevels.data]).toEqual([5, 6, 9, 9]);
    expect([...frameWeights.data]).toEqual([1, 1, 1, 0, 0, 0, Math.fround(0.05), Math.fround(0.05)]);
  });

  it("leaves the base levels alone without a terminal, a mask and a start level", () => {
    const draws = { base: tensor(Int32Array.of(5, 6), [1, 2]) };
    const { noiseLevels } = planningLevels(draws, { batch: 1, tokens: 2, levels: 9, framesPerToken: 3 });
    expect([...noiseLevels.data]).toEqual([5, 6]);
  });
});

describe("drawPlanningLevels", () => {
  const sizes = { batch: 200, tokens: 6, levels: 40 };

  it("draws terminals over 2..T and start levels over 1..floor(K / 4)", () => {
    const batches = Array.from({ length: 20 }, (_, seed) =>
      drawPlanningLevels(createRandom(seed), sizes, { causal: false }),
    );
    const terminals = new Set(batches.flatMap(({ terminal }) => [...(terminal?.data ?? [])]));
    expect([...terminals].sort()).toEqual([2, 3, 4, 5, 6]);
    const starts = new Set(batches.flatMap(({ start }) => [...(start?.data ?? [])]));
    expect([...starts].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const withStart = batches.filter(({ start }) => start !== undefined).length;
    expect(withStart).toBeGreaterThan(4);
    expect(withStart).toBeLessThan(16);
  });

  it("draws no terminal for a causal model", () => {
    expect(drawPlanningLevels(createRandom(0), sizes, { causal: true }).terminal).toBeUndefined();
  });
});
