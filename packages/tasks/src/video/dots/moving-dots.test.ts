import { createRandom, isDiffusionForcingError, tensor } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { findDots, movingDots, scoreDots } from "./moving-dots.js";

/** Frames [1, n, 1, 4, 4] from drawings, `#` bright. */
function drawn(...frames: string[]) {
  const pixels = frames.flatMap((frame) => [...frame.replace(/\s/g, "")].map((pixel) => (pixel === "#" ? 1 : -1)));
  return tensor(pixels, [1, frames.length, 1, 4, 4]);
}

const topLeft = "##.. ##.. .... ....";
const middle = ".... .##. .##. ....";

describe("movingDots", () => {
  it("shows one dot in every frame, which moves by one pixel in both directions", () => {
    const frames = movingDots({ batch: 50, length: 12, size: 5 }, createRandom(1));
    expect(frames.shape).toEqual([50, 12, 1, 5, 5]);
    expect(scoreDots(frames)).toEqual({ oneDot: 1, moved: 1 });
    // Every start is met: 4 * 4 places.
    const starts = findDots(frames).map(([first]) => `${first?.row},${first?.column}`);
    expect(new Set(starts).size).toBe(16);
  });

  it("turns round only at the walls", () => {
    const rows = findDots(movingDots({ batch: 20, length: 30, size: 6 }, createRandom(2))).map((dots) =>
      dots.map((dot) => dot!.row),
    );
    for (const path of rows) {
      for (let i = 2; i < path.length; i++) {
        const turned = path[i]! - path[i - 1]! !== path[i - 1]! - path[i - 2]!;
        expect(turned).toBe(path[i - 1] === 0 || path[i - 1] === 4);
      }
    }
  });

  it("is the same for the same seed, and refuses frames that a dot fills", () => {
    const options = { batch: 2, length: 3 };
    expect(movingDots(options, createRandom(1))).toEqual(movingDots(options, createRandom(1)));
    let error: unknown;
    try {
      movingDots({ ...options, size: 3 }, createRandom(1));
    } catch (thrown) {
      error = thrown;
    }
    expect(isDiffusionForcingError(error, "invalid-argument")).toBe(true);
  });
});

describe("findDots", () => {
  it("finds a dot, and nothing where there is none, more than one or another shape", () => {
    const frames = drawn(
      topLeft,
      middle,
      ".... .... .... ....",
      "##.. ##.. ..## ..##",
      "###. ##.. .... ....",
      "#... ##.. .... ....",
      // The end of one row and the start of the next.
      "...# #..# #... ....",
    );
    const none = undefined;
    expect(findDots(frames)).toEqual([[{ row: 0, column: 0 }, { row: 1, column: 1 }, none, none, none, none, none]]);
  });

  it("scores dots and their movements", () => {
    expect(scoreDots(drawn(topLeft, middle, middle, ".... .... .... ...."))).toEqual({ oneDot: 3 / 4, moved: 1 / 3 });
  });
});
