import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { mnistDigits } from "./mnist.js";
import { movingDigits } from "./moving-digits.js";

/** A white square of 2 by 2. */
const square = { size: 2, images: [[1, 1, 1, 1]] };

/** Where the first bright pixel of each frame is. */
function places(data: ArrayLike<number>, length: number, size: number): [number, number][] {
  return Array.from({ length }, (_, t) => {
    const frame = Array.from({ length: size * size }, (_, at) => data[t * size * size + at]!);
    const at = frame.indexOf(1);
    expect(frame.filter((value) => value === 1)).toHaveLength(4);
    return [at % size, Math.floor(at / size)];
  });
}

describe("movingDigits", () => {
  it("moves a digit at a steady speed and reflects it at the edges", () => {
    const size = 32;
    const { data, shape } = movingDigits({ batch: 1, length: 200, digits: square, count: 1, size }, createRandom(4));
    expect(shape).toEqual([1, 200, 1, 32, 32]);
    const path = places(data, 200, size);
    for (const axis of [0, 1] as const) {
      const along = path.map((place) => place[axis]);
      expect(Math.min(...along)).toBe(0);
      expect(Math.max(...along)).toBe(30);
      // Unfolded, the path is a straight line: the steps' sizes differ by rounding only.
      const steps = along.slice(1).map((place, t) => Math.abs(place - along[t]!));
      expect(Math.max(...steps)).toBeLessThanOrEqual(3);
    }
    const lengths = path.slice(1, 8).map(([x, y], t) => Math.hypot(x - path[t]![0], y - path[t]![1]));
    // 3/64 to 5/64 of 32 pixels a frame.
    expect(lengths.reduce((sum, value) => sum + value) / 7).toBeGreaterThan(1);
    expect(lengths.reduce((sum, value) => sum + value) / 7).toBeLessThan(3);
  });

  it("lays digits over each other, the brighter one counts, and is the same for the same seed", () => {
    const grey = { size: 4, images: [new Array(16).fill(0.25), new Array(16).fill(0.75)] };
    const options = { batch: 8, length: 3, digits: grey, count: 3, size: 6 };
    const { data } = movingDigits(options, createRandom(1));
    expect(new Set(data)).toEqual(new Set([-1, -0.5, 0.5]));
    expect(movingDigits(options, createRandom(1)).data).toEqual(data);
  });

  it("refuses digits that fill a frame, and none", () => {
    expect(() => movingDigits({ batch: 1, length: 1, digits: square, size: 2 }, createRandom(0))).toThrow(
      "1 digits of 2 pixels in frames of 2",
    );
    const none = { size: 2, images: [] };
    expect(() => movingDigits({ batch: 1, length: 1, digits: none }, createRandom(0))).toThrow("0 digits");
  });
});

describe("mnistDigits", () => {
  it("shrinks the package's digits, keeps their ink, and holds a tenth of them back", async () => {
    const { training, held } = await mnistDigits(14);
    expect(training.images.length + held.images.length).toBeGreaterThan(9000);
    expect(held.images.length / (training.images.length + held.images.length)).toBeCloseTo(0.1, 3);
    const whole = await mnistDigits(28);
    const ink = (image: ArrayLike<number>) => Array.from(image).reduce((sum, value) => sum + value, 0);
    expect(training.images[5]).toHaveLength(196);
    expect(ink(training.images[5]!)).toBeCloseTo(ink(whole.training.images[5]!) / 4, 3);
    expect(Math.max(...training.images.slice(0, 50).flatMap((image) => [...Array.from(image)]))).toBeLessThanOrEqual(1);
  });
});
