import { decode, decodeApng } from "fast-png";
import { expect, it } from "vitest";
import type { Frame } from "./pixels.js";
import { encodeApng, encodePng } from "./png.js";

const frame = (milliseconds: number, ...rgba: number[]): Frame => ({
  pixels: { width: rgba.length / 4, height: 1, rgba: Uint8Array.from(rgba) },
  milliseconds,
});
const [red, blue] = [
  [255, 0, 0, 255],
  [0, 0, 255, 255],
];

it("writes a PNG that another reader opens", () => {
  const { width, height, data } = decode(encodePng(frame(0, ...red, ...blue).pixels), { checkCrc: true });
  expect([width, height, [...data]]).toEqual([2, 1, [...red, ...blue]]);
});

it("writes an animated PNG: every frame, its time and sound checksums", () => {
  const file = encodeApng([frame(50, ...red, ...blue), frame(1700, ...blue, ...red)]);
  const { frames, numberOfFrames } = decodeApng(file, { checkCrc: true });
  expect(numberOfFrames).toBe(2);
  expect(frames.map(({ data }) => [...data])).toEqual([
    [...red, ...blue],
    [...blue, ...red],
  ]);
  expect(frames.map(({ delayNumber, delayDenominator }) => delayNumber / delayDenominator)).toEqual([0.05, 1.7]);
  // Readers that know no animation see the first frame.
  expect([...decode(file).data]).toEqual([...red, ...blue]);
});

it("refuses no frames, and frames of different sizes", () => {
  expect(() => encodeApng([])).toThrow("there are no frames");
  expect(() => encodeApng([frame(50, ...red), frame(50, ...red, ...blue)])).toThrow(
    "frame 1 is 2 by 1; frame 0 is 1 by 1",
  );
});
