import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { drawText } from "../pictures/drawn-text.js";
import { element } from "../pictures/svg.js";
import { palette, svgDocument } from "../pictures/svg-document.js";
import { BAR, type Chorale, checkChorales } from "./chorales.js";
import { notesOf } from "./notes.js";

export interface RollOptions {
  /** Bars that a model filled in, from 1: the first and the last. They are shaded. */
  readonly filled?: readonly [first: number, last: number];
  /** Written above each roll. */
  readonly titles?: readonly string[];
}

const optionsSchema = v.strictObject({
  filled: v.optional(v.strictTuple([schemas.integer(1), schemas.integer(1)], "two numbers of bars")),
  titles: v.optional(
    v.array(v.pipe(v.string("a string"), v.maxLength(200, "at most 200 characters")), "an array of strings"),
    [],
  ),
});

/** Soprano to bass. */
export const voiceColors: readonly string[] = ["#c2410c", "#d99a1c", "#1e8e8a", "#3e7cc8"];
const shade = "#fdf3df";

/** SVG units of a sixteenth, of a semitone, and around the rolls. */
const [STEP, SEMITONE, MARGIN, HEAD] = [6, 5, 30, 26];

/**
 * Chorales as piano rolls, one below the other: time to the right with a line for each bar, pitch upwards with a line for
 * each C, a colour for each voice. What was filled in stands on a shade.
 *
 * @returns an SVG document
 * @throws `invalid-argument`, and for the chorales as {@link checkChorale}
 */
export function pianoRoll(chorales: readonly Chorale[], options: RollOptions = {}): string {
  const { filled, titles } = check("pianoRoll", optionsSchema, options);
  checkChorales("pianoRoll", chorales);
  const notes = chorales.map(notesOf);
  const pitches = notes.flat().map(({ pitch }) => pitch);
  const low = pitches.reduce((least, pitch) => Math.min(least, pitch), 60) - 1;
  const high = pitches.reduce((most, pitch) => Math.max(most, pitch), 60) + 1;
  const longest = chorales.reduce((most, { length }) => Math.max(most, length), BAR);
  const height = (high - low + 1) * SEMITONE;
  const all = { width: 2 * MARGIN + longest * STEP, height: chorales.length * (height + HEAD) + MARGIN };
  const rolls = chorales.map(({ length }, i) => {
    const top = HEAD + i * (height + HEAD);
    const x = (time: number): number => MARGIN + time * STEP;
    const y = (pitch: number): number => top + (high - pitch) * SEMITONE;
    const bars = Array.from({ length: Math.floor(length / BAR) + 1 }, (_, bar) => bar);
    const octaves = Array.from({ length: 11 }, (_, octave) => 12 * octave).filter((c) => c >= low && c <= high);
    const [first, last] = filled ?? [1, 0];
    return element(
      "g",
      {},
      ...(titles[i] ? [drawText(titles[i] as string, MARGIN, top - 14, palette.ink)] : []),
      ...(last >= first
        ? [
            element("rect", {
              x: x((first - 1) * BAR),
              y: top,
              width: (last - first + 1) * BAR * STEP,
              height,
              fill: shade,
            }),
          ]
        : []),
      ...bars.map((bar) =>
        element("line", { x1: x(bar * BAR), x2: x(bar * BAR), y1: top, y2: top + height, stroke: palette.grid }),
      ),
      ...octaves.map((c) =>
        element("line", { x1: x(0), x2: x(length), y1: y(c) + SEMITONE, y2: y(c) + SEMITONE, stroke: palette.grid }),
      ),
      ...(notes[i] ?? []).map((note) =>
        element("rect", {
          x: x(note.start) + 0.5,
          y: y(note.pitch),
          width: note.length * STEP - 1,
          height: SEMITONE,
          rx: 1.5,
          fill: voiceColors[note.voice],
        }),
      ),
    );
  });
  return svgDocument({ ...all, title: "Chorales as piano rolls" }, ...rolls);
}
