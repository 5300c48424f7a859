import { createRandom, tensor } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { priorLevels, unknownMask } from "./training-levels.js";

it("shows tokens of three sequences in four clean or not at all", () => {
  const { shape, data } = priorLevels(createRandom(1), { batch: 8, tokens: 50, levels: 100 });
  expect(shape).toEqual([8, 50]);
  for (let b = 0; b < 8; b++) {
    const row = data.slice(b * 50, (b + 1) * 50);
    const between = row.filter((level) => level > 0 && level < 100).length;
    expect(between > 0).toBe(b % 4 === 0);
    if (b % 4 !== 0) expect(row.filter((level) => level === 0).length).toBeGreaterThan(10);
  }
});

it("leaves what is clean out of the loss", () => {
  expect(unknownMask(tensor(Int32Array.of(0, 5, 0), [1, 3]))).toEqual(tensor([0, 1, 0], [1, 3, 1]));
});
