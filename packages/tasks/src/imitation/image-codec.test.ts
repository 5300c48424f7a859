import { describe, expect, it } from "vitest";
import { fruitDemonstrations } from "./demonstrations.js";
import { fitImageCodec } from "./image-codec.js";
import { images } from "./view.js";

const demonstrations = fruitDemonstrations(6, 3, images);
const codec = fitImageCodec(demonstrations, 24);

describe("fitImageCodec", () => {
  it("makes coordinates of mean 0 and deviation 1 that do not correlate", () => {
    const tokens = codec.encode(demonstrations);
    expect(tokens.shape).toEqual([6, 26, 27]);
    const frames = Array.from({ length: 156 }, (_, i) => tokens.data.subarray(i * 27, i * 27 + 27));
    const product = (a: number, b: number): number =>
      frames.reduce((sum, frame) => sum + (frame[a] as number) * (frame[b] as number), 0) / 156;
    expect(frames.reduce((sum, frame) => sum + (frame[5] as number), 0) / 156).toBeCloseTo(0, 4);
    for (const a of [0, 1, 2, 3, 10, 26]) expect(product(a, a)).toBeCloseTo(1, 3);
    expect(product(3, 4)).toBeCloseTo(0, 3);
    expect(product(3, 26)).toBeCloseTo(0, 3);
  });

  it("says most of an image, and keeps the action", () => {
    const fresh = fruitDemonstrations(1, 9, images);
    const back = codec.decode(codec.encode(fresh));
    const size = 3 + images.size;
    const errors = [0, 7, 15, 25].map((t) => {
      const pixels = Array.from({ length: images.size }, (_, i) => t * size + 3 + i);
      return pixels.reduce((sum, at) => sum + ((back.data[at] as number) - (fresh.data[at] as number)) ** 2, 0);
    });
    // The sum of squares about the mean image is about 125.
    expect(errors.reduce((sum, error) => sum + error, 0) / 4).toBeLessThan(40);
    expect(Array.from(back.data.subarray(0, 3))).toEqual([0, 0, -1].map((value) => expect.closeTo(value, 5)));
  });
});
