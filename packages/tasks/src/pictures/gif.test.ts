import { expect, it } from "vitest";
import { encodeGif } from "./gif.js";

const red = [255, 0, 0, 255];
const blue = [0, 0, 255, 255];

it("writes one global palette and, from the second frame on, only the pixels that changed", () => {
  const first = { width: 2, height: 1, rgba: Uint8Array.from([...red, ...red]) };
  const second = { width: 2, height: 1, rgba: Uint8Array.from([...red, ...blue]) };
  const gif = encodeGif([
    { pixels: first, milliseconds: 50 },
    { pixels: second, milliseconds: 1700 },
  ]);
  const hex = Buffer.from(gif).toString("hex");
  const palette = hex.slice(26, 26 + 24);
  const indexOf = (color: string) => palette.match(/.{6}/g)!.indexOf(color);
  const [redIndex, blueIndex, unchanged] = [indexOf("ff0000"), indexOf("0000ff"), 2];
  expect(new Set([redIndex, blueIndex])).toEqual(new Set([0, 1]));
  expect(hex).toBe(
    [
      "474946383961", // GIF89a
      "02000100f10000", // 2 x 1, a global table of 4 colours
      palette,
      "21ff0b4e45545343415045322e300301000000", // repeats for ever
      "21f904" + "04" + "0500" + "02" + "00", // kept, opaque, 50 ms
      "2c000000000200010000", // an image of 2 x 1 at (0, 0)
      lzw(redIndex, redIndex),
      "21f904" + "05" + "aa00" + "02" + "00", // kept, index 2 transparent, 1700 ms
      "2c000000000200010000",
      lzw(unchanged, blueIndex),
      "3b",
    ].join(""),
  );
});

/** Two pixels as GIF's LZW, pixels of 8 bits and so codes of 9: clear (256), pixel, pixel, end (257). */
function lzw(firstPixel: number, secondPixel: number): string {
  const bits = 256n | (BigInt(firstPixel) << 9n) | (BigInt(secondPixel) << 18n) | (257n << 27n);
  const bytes = Array.from({ length: 5 }, (_, index) => Number((bits >> BigInt(8 * index)) & 255n));
  return `0805${Buffer.from(bytes).toString("hex")}00`;
}

it("refuses no frames, and frames of different sizes", () => {
  const frame = (width: number) => ({
    pixels: { width, height: 1, rgba: new Uint8Array(4 * width) },
    milliseconds: 50,
  });
  expect(() => encodeGif([])).toThrow("there are no frames");
  expect(() => encodeGif([frame(2), frame(3)])).toThrow("frame 1 is 3 by 1; frame 0 is 2 by 1");
});
