import type { RandomStream } from "@diffusion-forcing/core";
import { distance, type FruitState, type Point, slots } from "./fruit-swap.js";
import { placesSize, SENSOR, seePlaces } from "./observation.js";
import { imageNumbers, imageSize, paintSquare, renderScene } from "./render.js";

/** How the world is seen, as numbers. */
export interface View {
  readonly name: "places" | "images";
  /** Numbers of an observation. */
  readonly size: number;
  /** What is seen of a state. */
  see(state: FruitState, random: RandomStream): number[];
  /** The same with something in the way. */
  disturb(seen: readonly number[], random: RandomStream): number[];
  /** Whether an observation shows each fruit where the other one was, where this can be read off. */
  showsSwap?(seen: readonly number[], initial: FruitState["initial"]): boolean;
}

/** Standard deviation of the places' error where they are disturbed: more than the distance from the middle to a slot. */
const DISTURBANCE = 1;

/** The low-dimensional view: x and y of the apple, the lemon and the hand, and whether the hand is closed. */
export const places: View = {
  name: "places",
  size: placesSize,
  see: seePlaces,
  disturb: (seen, random) =>
    seen.map((value, i) => (i < placesSize - 1 ? value + DISTURBANCE * random.normal() : value)),
  showsSwap: (seen, [apple, lemon]) => {
    const isNear = (at: number, slot: number): boolean =>
      distance([seen[at] as number, seen[at + 1] as number], slots[slot] as Point) < 0.25;
    return isNear(0, lemon) && isNear(2, apple);
  },
};

/** How large the square is that hides a part of a disturbed image, in pixels. */
const SCREEN = 20;
const screenColor = [0.45, 0.32, 0.2] as const;

/** The image from above, [3 * 32 * 32] from -1 to 1; disturbed, a brown square of 20 by 20 pixels hides a part of it. */
export const images: View = {
  name: "images",
  size: imageNumbers,
  see: (state, random) => {
    const [x, y] = state.hand;
    const hand: Point = [x + SENSOR * random.normal(), y + SENSOR * random.normal()];
    return Array.from(renderScene({ ...state, hand }));
  },
  disturb: (seen, random) => {
    const image = Float32Array.from(seen);
    const corner = (): number => random.integer(0, imageSize) - SCREEN / 2;
    paintSquare(image, corner(), corner(), SCREEN, screenColor);
    return Array.from(image);
  },
};

export const views: Readonly<Record<View["name"], View>> = { places, images };
