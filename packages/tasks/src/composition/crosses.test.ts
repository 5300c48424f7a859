import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { corners, crosses } from "./crosses.js";

const { shape, data } = crosses({ batch: 2000, length: 24 }, createRandom(3));
const at = (b: number, t: number): readonly [number, number] => {
  const place = (b * 24 + t) * 2;
  return [data[place] as number, data[place + 1] as number];
};
const cornerNearest = ([x, y]: readonly [number, number]): number => {
  const distances = corners.map(([cx, cy]) => Math.hypot(x - cx, y - cy));
  return distances.indexOf(Math.min(...distances));
};
const trajectories = Array.from({ length: 2000 }, (_, b) => b);

describe("crosses", () => {
  it("runs from each corner equally often to the opposite one, by way of the centre", () => {
    expect(shape).toEqual([2000, 24, 2]);
    const starts = trajectories.map((b) => cornerNearest(at(b, 0)));
    expect(trajectories.every((b) => cornerNearest(at(b, 23)) === ((starts[b] as number) + 2) % 4)).toBe(true);
    for (const corner of [0, 1, 2, 3]) {
      const share = starts.filter((start) => start === corner).length / 2000;
      expect(Math.abs(share - 0.25)).toBeLessThan(0.04); // four standard deviations
    }
    expect(Math.max(...trajectories.map((b) => Math.hypot(...at(b, 12))))).toBeLessThan(0.15);
  });

  it("hides in the middle where a trajectory came from, and shows it in the positions before", () => {
    const right = (t: number): number =>
      trajectories.filter((b) => cornerNearest(at(b, t)) === cornerNearest(at(b, 0))).length / 2000;
    expect(right(11)).toBeLessThan(0.32); // chance is 0.25
    expect(right(8)).toBeGreaterThan(0.95);
  });

  it("is the same for the same seed", () => {
    const again = crosses({ batch: 1, length: 3 }, createRandom(5));
    expect(again).toEqual(crosses({ batch: 1, length: 3 }, createRandom(5)));
    expect(again).not.toEqual(crosses({ batch: 1, length: 3 }, createRandom(6)));
  });
});
