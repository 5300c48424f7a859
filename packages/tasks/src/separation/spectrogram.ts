import { writeText } from "../pictures/pixel-text.js";
import { blank, type Pixels, paste, type Rgb } from "../pictures/pixels.js";
import { BINS } from "./spectrum.js";

/** A sound with what is written above it. */
export interface Panel {
  readonly title: string;
  /** [frames, BINS] */
  readonly features: Float32Array;
}

/** Pixels of a frame's width, at most: long sounds have narrower ones. */
const WIDEST_FRAME = 10;
const WIDEST_PANEL = 1200;
const [MARGIN, TITLE] = [8, 24];
const paper: Rgb = [255, 255, 255];
const ink: Rgb = [40, 40, 40];
/** Of the loudest that there is to be seen. */
const [QUIET, LOUD]: readonly [Rgb, Rgb] = [
  [250, 250, 252],
  [20, 40, 120],
];

/** Spectrograms of sounds one below the other: time to the right, pitch upwards to 2.5 kHz, darker is louder. */
export function spectrograms(panels: readonly Panel[]): Pixels {
  const frames = Math.max(1, ...panels.map(({ features }) => features.length / BINS));
  const frameWidth = Math.max(1, Math.min(WIDEST_FRAME, Math.floor(WIDEST_PANEL / frames)));
  const shown = Math.min(frames, WIDEST_PANEL);
  const [width, height] = [shown * frameWidth, BINS / 2];
  const sheet = blank(width + 2 * MARGIN, panels.length * (height + TITLE) + MARGIN, paper);
  const loudest = Math.max(1e-6, ...panels.map(({ features }) => features.reduce((most, x) => Math.max(most, x), 0)));
  for (const [i, { title, features }] of panels.entries()) {
    const top = i * (height + TITLE) + TITLE;
    writeText(sheet, title, MARGIN, top - 16, ink);
    const panel = blank(width, height, QUIET);
    for (let x = 0; x < width; x++) {
      const frame = Math.floor(x / frameWidth);
      for (let y = 0; y < height; y++) {
        const bin = 2 * (height - 1 - y);
        const at = frame * BINS + bin;
        const strength = Math.max(features[at] ?? 0, features[at + 1] ?? 0) / loudest;
        const shade = Math.min(Math.max(strength, 0), 1);
        const color = QUIET.map((quiet, c) => Math.round(quiet + shade * ((LOUD[c] as number) - quiet)));
        panel.rgba.set([...color, 255], (y * width + x) * 4);
      }
    }
    paste(sheet, panel, MARGIN, top);
  }
  return sheet;
}
