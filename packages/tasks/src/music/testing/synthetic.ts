import type { RandomStream } from "@diffusion-forcing/core";
import { type Chorale, type ChoraleFile, VOICES } from "../chorales.js";
import type { MusicRecipe } from "../recipe.js";

/** Chords of one key that change on beats, some notes held: nothing anybody sings, but of the shape of chorales. */
export function syntheticChorale(beats: number, random: RandomStream): Chorale {
  const pitches = new Int8Array(beats * 4 * VOICES);
  const key = random.integer(0, 5);
  for (let beat = 0; beat < beats; beat++) {
    const degree = [0, 5, 7][random.integer(0, 3)] as number;
    for (let sixteenth = 0; sixteenth < 4; sixteenth++) {
      const chord = [67, 64, 60, 48].map((pitch) => pitch + key + degree);
      pitches.set(chord, (beat * 4 + sixteenth) * VOICES);
    }
  }
  return { pitches, length: beats * 4 };
}

/** Chorales as the file that a user gives. */
export function syntheticFile(
  random: RandomStream,
  { count = 4, beats = 24 }: { readonly count?: number; readonly beats?: number } = {},
): ChoraleFile {
  const rows = ({ pitches, length }: Chorale): number[][] =>
    Array.from({ length }, (_, time) => [...pitches.slice(time * VOICES, (time + 1) * VOICES)]);
  const set = (): number[][][] => Array.from({ length: count }, () => rows(syntheticChorale(beats, random)));
  const text = JSON.stringify({ train: set(), valid: set(), test: set() });
  return { name: "synthetic.json", bytes: new TextEncoder().encode(text) };
}

/** A recipe that learns next to nothing, in a second or two. */
export const tinyRecipe: MusicRecipe = {
  music: { sixteenths: 8, tokens: 6, batch: 4 },
  codec: { latentFeatures: 4, codecWidth: 16, klWeight: 0.05, codecSteps: 3, codecLearningRate: 5e-3 },
  model: { width: 16, layers: 1, heads: 2 },
  training: { steps: 2, learningRate: 3e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
};
