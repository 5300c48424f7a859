import { expect, it } from "vitest";
import { spectrograms } from "./spectrogram.js";
import { BINS } from "./spectrum.js";

it("draws sounds one below the other, dark where they are loud", () => {
  const features = new Float32Array(2 * BINS);
  features[BINS + 100] = 2; // the second frame, at bin 100
  const { width, height, rgba } = spectrograms([
    { title: "a", features },
    { title: "b", features: new Float32Array(2 * BINS) },
  ]);
  expect([width, height]).toEqual([36, 376]);
  const at = (x: number, y: number) => [...rgba.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)];
  // Bin 100 is row 50 from below of 160, under 24 pixels of title; frames are 10 wide after a margin of 8.
  expect(at(8 + 15, 24 + 159 - 50)).toEqual([20, 40, 120]);
  expect(at(8 + 5, 24 + 159 - 50)).toEqual([250, 250, 252]);
});
