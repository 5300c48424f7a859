import * as gifenc from "gifenc";
import { checkFrames, type Frame, type Pixels, type Rgb } from "./pixels.js";

// Node shows a CommonJS package's names on `default` alone, bundlers take its ES module.
const { GIFEncoder, quantize, nearestColorIndex } = (
  "GIFEncoder" in gifenc ? gifenc : (gifenc as { default: typeof gifenc }).default
) as typeof gifenc;

/** Leaves one of the 256 indices for "as in the frame before". */
const maximumColors = 255;
/** Frames that the palette is made of. */
const paletteSamples = 8;
/** GIF disposal method 1: the next frame is drawn over this one. */
const keepFrame = 1;

/**
 * An endless GIF. One palette serves all frames, so that still colours stay still; pixels equal to those of the frame
 * before are written as transparent, which is most of them and costs almost nothing.
 *
 * @throws `invalid-argument` for no frames or frames of different sizes, and what `encodePng` throws.
 */
export function encodeGif(given: readonly Frame[]): Uint8Array {
  const frames = checkFrames("encodeGif", given);
  const [first] = frames;
  const { width, height } = first.pixels;
  const samples = Array.from({ length: Math.min(frames.length, paletteSamples) }, (_, index, of = paletteSamples) =>
    Math.round((index * (frames.length - 1)) / Math.max(1, Math.min(frames.length, of) - 1)),
  ).map((index) => (frames[index] as Frame).pixels);
  const palette = quantize(concatenate(samples.map(({ rgba }) => rgba)), maximumColors);
  const unchanged = palette.length;
  const indexOf = createColorLookup(palette);
  const encoder = GIFEncoder();
  let previous: Uint32Array | undefined;
  for (const { pixels, milliseconds } of frames) {
    const current = colorsOf(pixels);
    const indices = new Uint8Array(width * height);
    for (let at = 0; at < current.length; at++) {
      indices[at] = current[at] === previous?.[at] ? unchanged : indexOf(pixels.rgba, at * 4);
    }
    encoder.writeFrame(indices, width, height, {
      // The entry for "unchanged" is never seen; it makes the table as long as the indices that are used.
      ...(previous === undefined ? { palette: [...palette, [0, 0, 0]] as Rgb[] } : {}),
      delay: milliseconds,
      transparent: previous !== undefined,
      transparentIndex: unchanged,
      dispose: keepFrame,
    });
    previous = current;
  }
  encoder.finish();
  return encoder.bytes();
}

/** One number a pixel. */
function colorsOf({ width, height, rgba }: Pixels): Uint32Array {
  const aligned = rgba.byteOffset % 4 === 0 ? rgba : rgba.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, width * height);
}

/** Finds the palette's nearest colour, once for each of 18-bit colours. */
function createColorLookup(palette: readonly Rgb[]): (rgba: Uint8Array, offset: number) => number {
  const known = new Int16Array(1 << 18).fill(-1);
  return (rgba, offset) => {
    const red = rgba[offset] as number;
    const green = rgba[offset + 1] as number;
    const blue = rgba[offset + 2] as number;
    const key = ((red >> 2) << 12) | ((green >> 2) << 6) | (blue >> 2);
    let index = known[key] as number;
    if (index < 0) {
      index = nearestColorIndex(palette, [red, green, blue]);
      known[key] = index;
    }
    return index;
  };
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
