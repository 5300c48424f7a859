import { DiffusionForcingError, type HostTensor } from "@diffusion-forcing/core";
import { check, checkHostTensor, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { glyphLine, glyphWidth } from "./glyphs.js";
import { writeText } from "./pixel-text.js";
import { blank, enlarge, type Frame, type Pixels, paste, type Rgb } from "./pixels.js";

export interface VideoPictureOptions {
  /** Frames at the start that were given; their border has another colour. Default 0. */
  readonly context?: number;
  /** The values that are drawn black and white; those beyond are drawn as these. Default -1 and 1. */
  readonly range?: readonly [black: number, white: number];
  /** Pixels of the picture for a pixel of the video. Default: as many as make frames at least 48 pixels high. */
  readonly scale?: number;
  /** Written before the rows (of a strip) or above the videos (of an animation), one a video. */
  readonly labels?: readonly string[];
}

export interface VideoStripOptions extends VideoPictureOptions {
  /** What is written above the columns. Default 1, 2, 3, ... */
  readonly numbers?: readonly number[];
}

export interface VideoAnimationOptions extends VideoPictureOptions {
  /** Default 6. */
  readonly framesPerSecond?: number;
}

const pictureSchemas = {
  context: v.optional(schemas.integer(0), 0),
  range: v.optional(
    schemas.satisfying<readonly [number, number]>(
      "two different numbers",
      (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] !== value[1],
    ),
    [-1, 1],
  ),
  scale: v.optional(schemas.integer(1, 1024)),
  labels: v.optional(
    v.array(v.pipe(v.string("a string"), v.maxLength(200, "at most 200 characters")), "an array of strings"),
    [],
  ),
};
const stripSchema = v.strictObject({
  ...pictureSchemas,
  numbers: v.optional(v.array(schemas.number(), "an array of numbers")),
});
const animationSchema = v.strictObject({
  ...pictureSchemas,
  framesPerSecond: v.optional(schemas.positive(), 6),
});

const paper: Rgb = [255, 255, 255];
const ink: Rgb = [31, 42, 68];
const givenColor: Rgb = [62, 124, 200];
const sampledColor: Rgb = [240, 164, 28];
const border = 2;
const gap = 4;
const smallestFrame = 48;

/**
 * Videos as one picture, a video a row and a frame a column, each frame with a border: blue where it was given, amber
 * where it was sampled. The frames' numbers stand above them.
 *
 * @param videos `[B, T, C, H, W]` with C 1 (grey) or 3 (red, green, blue).
 * @throws `invalid-argument`, for another shape too.
 */
export function videoStrip(videos: HostTensor, options: VideoStripOptions = {}): Pixels {
  const { numbers, labels, ...drawn } = check("videoStrip", stripSchema, options);
  const cells = framesOf("videoStrip", videos, drawn);
  const left = Math.max(0, ...labels.map(glyphWidth)) + (labels.length > 0 ? 2 * gap : gap);
  const top = glyphLine + gap;
  const { width, height } = (cells[0] as Pixels[])[0] as Pixels;
  const [count, length] = [cells.length, (cells[0] as Pixels[]).length];
  const picture = blank(left + length * (width + gap), top + count * (height + gap), paper);
  for (let t = 0; t < length; t++) {
    writeText(picture, String(numbers?.[t] ?? t + 1), left + t * (width + gap) + border, gap, ink);
  }
  cells.forEach((row, b) => {
    const y = top + b * (height + gap);
    writeText(picture, labels[b] ?? "", gap, y + Math.floor((height - glyphLine) / 2), ink);
    row.forEach((frame, t) => {
      paste(picture, frame, left + t * (width + gap), y);
    });
  });
  return picture;
}

/**
 * Videos as one animation for `encodeGif` or `encodeApng`, all playing side by side, borders as in {@link videoStrip}.
 *
 * @param videos `[B, T, C, H, W]` with C 1 or 3.
 * @throws `invalid-argument`, for another shape too.
 */
export function videoAnimation(videos: HostTensor, options: VideoAnimationOptions = {}): Frame[] {
  const { framesPerSecond, labels, ...drawn } = check("videoAnimation", animationSchema, options);
  const cells = framesOf("videoAnimation", videos, drawn);
  const columns = Math.ceil(Math.sqrt(cells.length));
  const rows = Math.ceil(cells.length / columns);
  const first = (cells[0] as Pixels[])[0] as Pixels;
  const width = Math.max(first.width, ...labels.map(glyphWidth));
  const top = labels.length > 0 ? glyphLine : 0;
  const height = first.height + top;
  return (cells[0] as Pixels[]).map((_, t) => {
    const pixels = blank(gap + columns * (width + gap), gap + rows * (height + gap) + glyphLine, paper);
    cells.forEach((row, b) => {
      const x = gap + (b % columns) * (width + gap);
      const y = gap + Math.floor(b / columns) * (height + gap);
      writeText(pixels, labels[b] ?? "", x, y, ink);
      paste(pixels, row[t] as Pixels, x, y + top);
    });
    writeText(pixels, `${t + 1}/${(cells[0] as Pixels[]).length}`, gap, pixels.height - glyphLine, ink);
    return { pixels, milliseconds: 1000 / framesPerSecond };
  });
}

/** How frames are drawn. */
type Drawn = Pick<v.InferOutput<typeof stripSchema>, "context" | "range" | "scale">;

/** The frames with their borders, `[B][T]`. */
function framesOf(
  what: string,
  videos: HostTensor,
  { context, range: [black, white], scale: given }: Drawn,
): Pixels[][] {
  const { shape, data } = checkHostTensor(`${what}: the videos`, videos);
  const [count = 0, length = 0, channels = 0, height = 0, width = 0] = shape;
  if (shape.length !== 5 || shape.includes(0) || (channels !== 1 && channels !== 3)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${what}: the videos have shape [${shape.join(", ")}]; expected [B, T, C, H, W] with C 1 or 3 and nothing empty.`,
    );
  }
  const scale = given ?? Math.max(1, Math.ceil(smallestFrame / height));
  const area = height * width;
  return Array.from({ length: count }, (_, b) =>
    Array.from({ length }, (_, t) => {
      const start = (b * length + t) * channels * area;
      const picture = blank(width, height, paper);
      for (let at = 0; at < area; at++) {
        for (let channel = 0; channel < 3; channel++) {
          const value = data[start + Math.min(channel, channels - 1) * area + at] as number;
          // NaN becomes 0 in the array, and so black.
          picture.rgba[at * 4 + channel] = Math.min(255, Math.max(0, (255 * (value - black)) / (white - black) + 0.5));
        }
      }
      return withBorder(enlarge(picture, scale), t < context ? givenColor : sampledColor);
    }),
  );
}

function withBorder(picture: Pixels, color: Rgb): Pixels {
  const framed = blank(picture.width + 2 * border, picture.height + 2 * border, color);
  paste(framed, picture, border, border);
  return framed;
}
