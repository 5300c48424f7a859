import { type HostTensor, tensor } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { steadiness } from "./steadiness.js";
import type { World } from "./world.js";

/** A world of single pixels with a value around 0.2. */
const world: World = {
  tokenShape: [1, 1, 1],
  actions: [],
  context: 1,
  framesPerSecond: 1,
  needsData: false,
  videos: async () => ({ frames: tensor([0], [1, 1, 1, 1, 1]) }),
  statistics: ([value]: ArrayLike<number> & Iterable<number>) => ({ value: value as number }),
} as World;

const frames = (draw: (b: number, t: number) => number): HostTensor =>
  tensor(
    Array.from({ length: 40 }, (_, i) => draw(Math.floor(i / 10), i % 10)),
    [4, 10, 1, 1, 1],
  );

describe("steadiness", () => {
  it("counts frames within three deviations, and says where the others went", () => {
    const real = frames((_, t) => 0.2 + (t % 2 === 0 ? -0.1 : 0.1));
    // A deviation is 0.1; half of the frames of each video are 5 of them away.
    const found = steadiness(
      world,
      frames((_, t) => (t < 5 ? 0.2 : 0.7)),
      real,
    );
    expect(found.own.value).toBe(1);
    expect(found.within.value).toBe(0.5);
    expect(found.deviations.value?.value).toBeCloseTo(2.5, 5);
    expect(steadiness(world, real, real).within.value).toBe(1);
  });
});
