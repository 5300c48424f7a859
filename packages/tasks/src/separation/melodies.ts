import type { RandomStream } from "@diffusion-forcing/core";
import { type Chorale, VOICES } from "../music/chorales.js";

/** MIDI numbers, step by step; a pitch that goes on is a note that is held, -1 silence. */
export type Melody = Int16Array;

/** Degrees of a pentatonic scale, in semitones. */
const SCALE = [0, 2, 4, 7, 9];

/** The lowest and highest degree of each source's walk: two octaves each, the second below the first. */
const RANGES = [
  [60, 10],
  [38, 10],
] as const;

/** A walk through a pentatonic scale, notes of one to four steps: the first source is high, the second low. */
export function walkingMelody(source: 0 | 1, steps: number, random: RandomStream): Melody {
  const [lowest, degrees] = RANGES[source];
  const melody = new Int16Array(steps);
  let degree = random.integer(0, degrees);
  for (let step = 0; step < steps; ) {
    const held = random.integer(1, 5);
    const octave = Math.floor(degree / SCALE.length);
    const pitch = lowest + 12 * octave + (SCALE[degree % SCALE.length] as number);
    melody.fill(pitch, step, step + held);
    step += held;
    const moved = degree + ([-2, -1, 1, 2][random.integer(0, 4)] as number);
    // Reflected at the ends of the range.
    degree = moved < 0 ? -moved : moved >= degrees ? 2 * (degrees - 1) - moved : moved;
  }
  return melody;
}

/** The soprano (0) or the bass (1) of an excerpt of a chorale, a step for each sixteenth. */
export function voiceOf(chorale: Chorale, source: 0 | 1, start: number, steps: number): Melody {
  const voice = source === 0 ? 0 : VOICES - 1;
  return Int16Array.from({ length: steps }, (_, i) => chorale.pitches[(start + i) * VOICES + voice] as number);
}
