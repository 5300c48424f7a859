import type { RandomStream } from "@diffusion-forcing/core";
import type { Melody } from "./melodies.js";

/** Samples of a second. */
export const SAMPLE_RATE = 8000;
/** Samples of a step of a melody. */
export const STEP = 1024;

/** Strengths of the harmonics, the fundamental first. */
export type Timbre = readonly number[];

/** Samples over which a note fades in and out, so that nothing clicks. */
const FADE = 80;
/** Largest sample of a note, about. */
const LOUDNESS = 0.3;

/** A melody as sound in -1..1, mono: a sum of harmonics, every note at a phase of its own. */
export function render(melody: Melody, timbre: Timbre, random: RandomStream): Float32Array {
  const audio = new Float32Array(melody.length * STEP);
  const loudness = LOUDNESS / Math.sqrt(timbre.reduce((sum, strength) => sum + strength * strength, 0));
  for (let start = 0; start < melody.length; ) {
    const pitch = melody[start] as number;
    let end = start + 1;
    while (end < melody.length && melody[end] === pitch) end++;
    const phase = 2 * Math.PI * random.uniform();
    if (pitch >= 0) {
      const speed = (2 * Math.PI * 440 * 2 ** ((pitch - 69) / 12)) / SAMPLE_RATE;
      const count = (end - start) * STEP;
      for (let n = 0; n < count; n++) {
        const fade = Math.min(1, (n + 1) / FADE, (count - n) / FADE);
        let sample = 0;
        for (const [h, strength] of timbre.entries()) {
          // Beyond half of the sample rate there is nothing to be heard.
          if (strength === 0 || speed * (h + 1) >= Math.PI) continue;
          sample += strength * Math.sin((h + 1) * (speed * n + phase));
        }
        audio[start * STEP + n] = loudness * fade * sample;
      }
    }
    start = end;
  }
  return audio;
}

/** The sum of two sounds of one length. */
export function mixed(first: Float32Array, second: Float32Array): Float32Array {
  return first.map((sample, i) => sample + (second[i] as number));
}
