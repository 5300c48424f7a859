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
