import { createRequire } from "node:module";
import type { Pixels } from "./raster.js";

type Color = readonly [red: number, green: number, blue: number];

/** What is used of gifenc, which has no types. */
interface Gifenc {
  GIFEncoder(): {
    writeFrame(
      indices: Uint8Array,
      width: number,
      height: number,
      options: {
        palette?: readonly Color[];
        delay: number;
        transparent?: boolean;
        transparentIndex?: number;
        dispose: number;
      },
    ): void;
    finish(): void;
    bytes(): Uint8Array;
  };
  quantize(rgba: Uint8Array, colors: number): Color[];
  nearestColorIndex(palette: readonly Color[], color: Color): number;
}

// gifenc is CommonJS whose named exports Node cannot see, and loaders disagree about its default export.
const { GIFEncoder, quantize, nearestColorIndex } = createRequire(import.meta.url)("gifenc") as Gifenc;

/** Leaves one of the 256 indices for "as in the frame before". */
const maximumColors = 255;
/** GIF disposal method 1: the next frame is drawn over this one. */
const keepFrame = 1;

export interface GifFrame {
  readonly pixels: Pixels;
  /** How long it is shown; GIF counts in steps of 10. */
  readonly milliseconds: number;
}

/**
 * An endless GIF. One palette, made of `samples`, serves all frames, so that still colours stay still; pixels equal to
 * those of the frame before are written as transparent, which is most of them and costs almost nothing.
 */
export function encodeGif(samples: readonly Pixels[], frames: Iterable<GifFrame>): Uint8Array {
  const palette = quantize(concatenate(samples.map(({ rgba }) => rgba)), maximumColors);
  const unchanged = palette.length;
  const indexOf = createColorLookup(palette);
  const encoder = GIFEncoder();
  let previous: Uint32Array | undefined;
  for (const { pixels, milliseconds } of frames) {
    const { width, height, rgba } = pixels;
    const current = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
    const indices = new Uint8Array(width * height);
    for (let at = 0; at < current.length; at++) {
      indices[at] = current[at] === previous?.[at] ? unchanged : indexOf(rgba, at * 4);
    }
    encoder.writeFrame(indices, width, height, {
      // The entry for "unchanged" is never seen; it makes the table as long as the indices that are used.
      ...(previous === undefined ? { palette: [...palette, [0, 0, 0]] } : {}),
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

/** Finds the palette's nearest colour, once for each of 18-bit colours. */
function createColorLookup(palette: readonly Color[]): (rgba: Uint8Array, offset: number) => number {
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
