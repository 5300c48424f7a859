import { blank, type Frame, type Pixels, type Rgb } from "../pictures/pixels.js";
import { BAR, BEAT, type Chorale, checkChorales, HIGHEST_PITCH, LOWEST_PITCH } from "./chorales.js";
import { notesOf } from "./notes.js";

/** Pixels of a sixteenth, of a semitone, and around a roll. */
const [STEP, SEMITONE, MARGIN] = [4, 3, 8];
const paper: Rgb = [255, 255, 255];
const line: Rgb = [227, 231, 239];
const playhead: Rgb = [31, 42, 68];
const voices: readonly Rgb[] = [
  [194, 65, 12],
  [217, 154, 28],
  [30, 142, 138],
  [62, 124, 200],
];
/** Quarters a minute. */
const TEMPO = 80;

/** Piano rolls below each other, as pixels: as `pianoRoll`, over all pitches that there are. @throws as it does */
export function rollPixels(chorales: readonly Chorale[]): Pixels {
  checkChorales("rollPixels", chorales);
  const longest = chorales.reduce((most, { length }) => Math.max(most, length), 1);
  const height = (HIGHEST_PITCH - LOWEST_PITCH + 1) * SEMITONE;
  const picture = blank(2 * MARGIN + longest * STEP, MARGIN + chorales.length * (height + MARGIN), paper);
  chorales.forEach((chorale, i) => {
    const top = MARGIN + i * (height + MARGIN);
    for (let bar = 0; bar <= chorale.length; bar += BAR) fill(picture, MARGIN + bar * STEP, top, 1, height, line);
    for (const { voice, pitch, start, length } of notesOf(chorale)) {
      const y = top + (HIGHEST_PITCH - pitch) * SEMITONE;
      fill(picture, MARGIN + start * STEP, y, length * STEP - 1, SEMITONE, voices[voice] as Rgb);
    }
  });
  return picture;
}

/** The same being played, a frame a beat. */
export function rollFilm(chorales: readonly Chorale[]): Frame[] {
  const still = rollPixels(chorales);
  const longest = chorales.reduce((most, { length }) => Math.max(most, length), 1);
  return Array.from({ length: Math.ceil(longest / BEAT) }, (_, beat) => {
    const pixels = { ...still, rgba: Uint8Array.from(still.rgba) };
    fill(pixels, MARGIN + beat * BEAT * STEP, 0, 2, still.height, playhead);
    return { pixels, milliseconds: 60_000 / TEMPO };
  });
}

function fill({ width, rgba }: Pixels, x: number, y: number, columns: number, rows: number, color: Rgb): void {
  for (let row = y; row < y + rows; row++) {
    for (let column = x; column < Math.min(x + columns, width); column++)
      rgba.set([...color, 255], (row * width + column) * 4);
  }
}
