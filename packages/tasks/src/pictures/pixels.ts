import { DiffusionForcingError } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";

/** A picture as pixels. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** `[height * width * 4]`: red, green, blue, alpha. */
  readonly rgba: Uint8Array;
}

/** One picture of an animation. */
export interface Frame {
  readonly pixels: Pixels;
  /** How long it is shown. GIF counts in steps of 10. */
  readonly milliseconds: number;
}

/** The longest side of a GIF, and what milliseconds a frame of an animated PNG counts. */
const MOST = 65_535;

const pixelsSchema = v.object(
  {
    width: schemas.integer(1, MOST),
    height: schemas.integer(1, MOST),
    rgba: optionSchemas.array<Uint8Array>("Uint8Array", "Uint8ClampedArray"),
  },
  "a picture { width, height, rgba }",
);
const framesSchema = v.array(
  v.object({ pixels: v.unknown(), milliseconds: schemas.number(0, MOST) }, "a frame { pixels, milliseconds }"),
  "frames in a list",
);

/** The check of a picture that comes in from outside. @throws `invalid-argument`, `shape-mismatch` for other numbers */
export function checkPixels(what: string, value: unknown): Pixels {
  const pixels = check(what, pixelsSchema, value);
  const { width, height, rgba } = pixels;
  if (rgba.length === 4 * width * height) return pixels;
  throw new DiffusionForcingError(
    "shape-mismatch",
    `${what} is ${width} by ${height} pixels, but has ${rgba.length} numbers; expected four for each, ${4 * width * height}.`,
  );
}

/** As {@link checkPixels}, for an animation: its frames, at least one, all of one size. */
export function checkFrames(what: string, value: unknown): readonly [Frame, ...Frame[]] {
  const isIterable = typeof value === "object" && value !== null && Symbol.iterator in value;
  const frames = check(what, framesSchema, isIterable ? [...(value as Iterable<unknown>)] : value).map(
    ({ pixels, milliseconds }, i) => ({ pixels: checkPixels(`${what}: frame ${i}`, pixels), milliseconds }),
  );
  const [first] = frames;
  if (first === undefined) throw new DiffusionForcingError("invalid-argument", `${what}: there are no frames.`);
  const { width, height } = first.pixels;
  const odd = frames.findIndex(({ pixels }) => pixels.width !== width || pixels.height !== height);
  const other = frames[odd]?.pixels;
  if (other === undefined) return frames as [Frame, ...Frame[]];
  throw new DiffusionForcingError(
    "invalid-argument",
    `${what}: frame ${odd} is ${other.width} by ${other.height}; frame 0 is ${width} by ${height}.`,
  );
}

export type Rgb = readonly [red: number, green: number, blue: number];

/** A picture of one colour. */
export function blank(width: number, height: number, [red, green, blue]: Rgb): Pixels {
  const rgba = new Uint8Array(width * height * 4);
  for (let at = 0; at < rgba.length; at += 4) rgba.set([red, green, blue, 255], at);
  return { width, height, rgba };
}

/** Draws `picture` into `onto` with its upper left corner at (x, y); what lies outside is cut off. */
export function paste(onto: Pixels, picture: Pixels, x: number, y: number): void {
  const width = Math.min(picture.width, onto.width - x);
  for (let row = 0; row < picture.height && y + row < onto.height; row++) {
    const from = row * picture.width * 4;
    onto.rgba.set(picture.rgba.subarray(from, from + width * 4), ((y + row) * onto.width + x) * 4);
  }
}

/** The picture with every pixel as a square of `scale` by `scale`. */
export function enlarge({ width, height, rgba }: Pixels, scale: number): Pixels {
  const from = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
  const to = new Uint32Array(width * height * scale * scale);
  for (let at = 0; at < to.length; at++) {
    const row = Math.floor(at / (width * scale * scale));
    to[at] = from[row * width + Math.floor((at % (width * scale)) / scale)] as number;
  }
  return { width: width * scale, height: height * scale, rgba: new Uint8Array(to.buffer) };
}
