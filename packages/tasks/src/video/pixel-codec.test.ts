import { createRandom } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { openWorld } from "./open-world.js";
import { pixelCodec } from "./pixel-codec.js";

it("gives each colour mean 0 and deviation 1, and the pixels back", async () => {
  const world = openWorld({ kind: "maze", size: 8, plan: ["####", "#..#", "####"] });
  const codec = await pixelCodec(world);
  const { frames } = await world.videos({ batch: 64, length: 2 }, createRandom(5), "held");
  const { shape, data } = codec.encode(frames);
  expect(shape).toEqual([64, 2, 3, 8, 8]);
  for (const color of [0, 1, 2]) {
    const values = Array.from(data).filter((_, i) => Math.floor(i / 64) % 3 === color);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.15);
    expect(Math.abs(Math.sqrt(square - mean * mean) - 1)).toBeLessThan(0.15);
  }
  const back = codec.decode(codec.encode(frames)).data;
  for (const [i, value] of frames.data.entries()) expect(back[i]).toBeCloseTo(value, 5);
});
