import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { type FruitState, type Point, slots } from "./fruit-swap.js";
import { images, places } from "./view.js";

const [top, leftSlot] = slots as [Point, Point, Point];
const state: FruitState = { fruits: [leftSlot, top], hand: [0, 0], isClosed: false, held: undefined, initial: [0, 1] };

describe("places", () => {
  it("shows apple, lemon, hand and grip", () => {
    const seen = places.see(state, createRandom(1));
    expect(seen).toHaveLength(7);
    const truth = [-0.7, -0.4, 0, 0.8, 0, 0, -1];
    for (const [i, value] of seen.entries()) expect(Math.abs(value - (truth[i] as number))).toBeLessThan(0.05);
  });

  it("is disturbed in its places by a unit, not in the grip", () => {
    const random = createRandom(1);
    const many = Array.from({ length: 1000 }, () => places.disturb([0, 0, 0, 0, 0, 0, 1], random));
    expect(many.every((seen) => seen[6] === 1)).toBe(true);
    const variance = many.flatMap((seen) => seen.slice(0, 6)).reduce((sum, value) => sum + value * value, 0) / 6000;
    expect(Math.abs(Math.sqrt(variance) - 1)).toBeLessThan(0.04);
  });

  it("shows whether the fruits were swapped", () => {
    const showsSwap = places.showsSwap as NonNullable<typeof places.showsSwap>;
    expect(showsSwap([-0.6, -0.4, 0, 0.7, 0, 0, -1], [0, 1])).toBe(true);
    expect(showsSwap([-0.6, -0.4, 0, 0.7, 0, 0, -1], [1, 0])).toBe(false);
    expect(showsSwap([-0.4, -0.4, 0, 0.7, 0, 0, -1], [0, 1])).toBe(false);
  });
});

describe("images", () => {
  const red = (seen: readonly number[]): number[] =>
    seen.slice(0, 1024).flatMap((value, i) => (value > 0.5 && (seen[i + 1024] as number) < -0.5 ? [i] : []));

  it("shows the scene, and disturbed another one, the apple somewhere else", () => {
    const seen = images.see(state, createRandom(1));
    const random = createRandom(2);
    const disturbed = Array.from({ length: 30 }, () => images.disturb(seen, random));
    expect([seen.length, disturbed[0]?.length]).toEqual([3072, 3072]);
    // The apple's middle, in pixels, if it is not under the lemon or the hand.
    const columns = disturbed.map(red).filter((pixels) => pixels.length > 20);
    const middles = columns.map((pixels) => pixels.reduce((sum, i) => sum + (i % 32), 0) / pixels.length);
    expect(middles.length).toBeGreaterThan(15);
    expect(Math.min(...middles)).toBeLessThan(8);
    expect(Math.max(...middles)).toBeGreaterThan(24);
    expect(red(seen).every((i) => i % 32 < 12)).toBe(true);
  });
});
