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
  it("shows the scene, and disturbed a brown square in it", () => {
    const seen = images.see(state, createRandom(1));
    expect(seen).toHaveLength(3 * 32 * 32);
    const disturbed = images.disturb(seen, createRandom(2));
    const changed = disturbed.filter((value, i) => value !== seen[i]).length;
    // A square of 20 by 20 pixels, of which at least a quarter lies inside.
    expect(changed).toBeGreaterThan(3 * 95);
    expect(changed).toBeLessThanOrEqual(3 * 400);
  });
});
