import { describe, expect, it } from "vitest";
import { type Point, slots } from "./fruit-swap.js";
import { paintSquare, renderScene } from "./render.js";

const [top, leftSlot] = slots as [Point, Point, Point];
const scene = { fruits: [top, leftSlot], hand: [0, 0], isClosed: false } as const;
const pixel = (image: Float32Array, row: number, column: number): number[] =>
  [0, 1, 2].map((plane) => image[(plane * 32 + row) * 32 + column] as number);

describe("renderScene", () => {
  it("draws fruits where they are, red and yellow, in slots on a light table", () => {
    const image = renderScene(scene);
    expect(image).toHaveLength(3 * 32 * 32);
    // y runs upwards: the top slot, at (0, 0.8), is 0.6 above the middle of the picture, 12.8 pixels a unit.
    expect(pixel(image, 8, 16).map((value) => value.toFixed(2))).toEqual(["0.64", "-0.68", "-0.64"]);
    expect(pixel(image, 23, 7).map((value) => value.toFixed(2))).toEqual(["0.90", "0.56", "-0.68"]);
    expect(pixel(image, 0, 0).map((value) => value.toFixed(2))).toEqual(["0.86", "0.84", "0.76"]);
    expect(pixel(image, 23, 24).map((value) => value.toFixed(2))).toEqual(["0.56", "0.56", "0.60"]);
  });

  it("draws the open hand as a ring and the closed one as a disc", () => {
    const [open, closed] = [renderScene(scene), renderScene({ ...scene, isClosed: true })];
    // The origin lies 0.2 below the middle.
    expect(pixel(open, 18, 16)[0]).toBeCloseTo(0.86, 2);
    expect(pixel(closed, 18, 16)[0]).toBeCloseTo(-0.7, 2);
    expect(pixel(open, 18, 19)[0]).toBeLessThan(0);
    expect(pixel(closed, 18, 19)[0]).toBeCloseTo(0.86, 2);
  });
});

describe("paintSquare", () => {
  it("covers what lies within the image", () => {
    const image = new Float32Array(3 * 32 * 32);
    paintSquare(image, -2, 30, 4, [1, 0.5, 0]);
    const covered = Array.from(image.subarray(0, 1024)).flatMap((value, i) => (value === 1 ? [i] : []));
    expect(covered).toEqual([30 * 32, 30 * 32 + 1, 31 * 32, 31 * 32 + 1]);
    expect(pixel(image, 31, 0)).toEqual([1, 0, -1]);
  });
});
