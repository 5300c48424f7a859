import { tensor } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import type { Pixels } from "./pixels.js";
import { videoAnimation, videoStrip } from "./videos.js";

const at = ({ width, rgba }: Pixels, x: number, y: number): number[] => [
  ...rgba.subarray((y * width + x) * 4, (y * width + x) * 4 + 3),
];
/** Two grey videos of three frames of 1 by 2 pixels. */
const videos = tensor([-1, 0, 1, -1, 0, 1, 9, -9, -1, -1, Number.NaN, 1], [2, 3, 1, 1, 2]);
const given = [62, 124, 200];
const sampled = [240, 164, 28];

describe("videoStrip", () => {
  it("puts a video in a row and frames in columns, each with its border; values beyond the range are cut off", () => {
    const strip = videoStrip(videos, { context: 1, scale: 10 });
    // 4 to the left, then three frames of 20 + 2 * 2 and a gap of 4; 14 above, then two rows of 10 + 2 * 2 and 4.
    expect([strip.width, strip.height]).toEqual([4 + 3 * 28, 14 + 2 * 18]);
    expect([at(strip, 4, 14), at(strip, 4 + 28, 14), at(strip, 4 + 56, 14 + 18)]).toEqual([given, sampled, sampled]);
    expect([at(strip, 4 + 2, 16), at(strip, 4 + 2 + 19, 16)]).toEqual([
      [0, 0, 0],
      [128, 128, 128],
    ]);
    expect([at(strip, 6, 34), at(strip, 25, 34)]).toEqual([
      [255, 255, 255],
      [0, 0, 0],
    ]);
    expect(at(strip, 62, 34)).toEqual([0, 0, 0]); // NaN
    expect(at(strip, 29, 20)).toEqual([255, 255, 255]); // the gap
  });

  it("draws colours, another range, and the largest whole scale that is needed for 48 pixels", () => {
    const strip = videoStrip(tensor([0, 1, 2], [1, 1, 3, 1, 1]), { range: [0, 2] });
    expect(at(strip, 4 + 2, 14 + 2)).toEqual([0, 128, 255]);
    expect(strip.width).toBe(4 + 48 + 4 + 4);
  });

  it("writes given numbers above the columns", () => {
    const plain = videoStrip(videos, { scale: 10 });
    expect(videoStrip(videos, { scale: 10, numbers: [1, 2, 3] })).toEqual(plain);
    expect(videoStrip(videos, { scale: 10, numbers: [7, 8, 9] })).not.toEqual(plain);
  });

  it("writes labels before the rows", () => {
    const plain = videoStrip(videos, { scale: 10 });
    const strip = videoStrip(videos, { scale: 10, labels: ["one", "two"] });
    expect(strip.width).toBe(plain.width + (3 * 6 - 1) + 4); // 5 columns a letter and 1 between them
  });

  it.each([
    [tensor([1, 2], [1, 2]), {}, "shape [1, 2]; expected [B, T, C, H, W] with C 1 or 3"],
    [tensor([1, 2], [1, 1, 2, 1, 1]), {}, "shape [1, 1, 2, 1, 1]"],
    [videos, { scale: 0.5 }, "scale is 0.5; expected a whole number from 1"],
  ])("refuses what cannot be drawn", (of, options, message) => {
    expect(() => videoStrip(of, options)).toThrow(message);
  });
});

describe("videoAnimation", () => {
  it("plays all videos side by side, the frame's number below", () => {
    const frames = videoAnimation(videos, { context: 1, scale: 10, framesPerSecond: 4 });
    expect(frames.map(({ milliseconds }) => milliseconds)).toEqual([250, 250, 250]);
    const [first, second] = frames.map(({ pixels }) => pixels) as [Pixels, Pixels];
    expect([first.width, first.height]).toEqual([4 + 2 * 28, 4 + 18 + 10]);
    expect([at(first, 4, 4), at(second, 4, 4)]).toEqual([given, sampled]);
    expect(at(second, 6, 6)).toEqual([255, 255, 255]);
    expect(at(second, 4 + 28 + 2, 6)).toEqual([0, 0, 0]);
  });

  it("refuses a rate of 0", () => {
    expect(() => videoAnimation(videos, { framesPerSecond: 0 })).toThrow("framesPerSecond is 0");
  });
});
