import { DiffusionForcingError, type RandomStream } from "@diffusion-forcing/core";
import { BEAT, type Chorale, VOICES } from "./chorales.js";
import { roomToTranspose, transposed } from "./symbols.js";

/** The farthest that an excerpt is moved to another key: half an octave either way reaches every key. */
const FARTHEST = 6;

/** Sixteenths `start` to `start + length - 1`. */
export function excerptOf({ pitches }: Chorale, start: number, length: number): Chorale {
  return { pitches: pitches.slice(start * VOICES, (start + length) * VOICES), length };
}

/** Those that are long enough. @throws `invalid-data` if none is */
export function longEnough(chorales: readonly Chorale[], length: number): readonly Chorale[] {
  const kept = chorales.filter((chorale) => chorale.length >= length);
  if (kept.length > 0) return kept;
  const longest = Math.max(0, ...chorales.map((chorale) => chorale.length));
  throw new DiffusionForcingError(
    "invalid-data",
    `No chorale has ${length} sixteenths, as the recipe's excerpts do; the longest of the ${chorales.length} has ${longest}. Give longer ones, or train on shorter excerpts.`,
  );
}

/** Random excerpts to train on, from any beat of any chorale, as likely as it is long, in any key that the voices allow. */
export function drawExcerpts(
  chorales: readonly Chorale[],
  { count, length }: { readonly count: number; readonly length: number },
  random: RandomStream,
): Chorale[] {
  const starts = chorales.map((chorale) => Math.floor((chorale.length - length) / BEAT) + 1);
  const all = starts.reduce((sum, some) => sum + some, 0);
  return Array.from({ length: count }, () => {
    let at = random.integer(0, all);
    const chosen = starts.findIndex((some) => {
      if (at < some) return true;
      at -= some;
      return false;
    });
    const excerpt = excerptOf(chorales[chosen] as Chorale, at * BEAT, length);
    const keys = keysOf(excerpt);
    return transposed(excerpt, keys[random.integer(0, keys.length)] as number);
  });
}

/** By how many semitones it may be moved, so that its voices stay within what choirs sing. */
export function keysOf(chorale: Chorale): readonly number[] {
  const [down, up] = roomToTranspose(chorale);
  const keys = Array.from({ length: 2 * FARTHEST + 1 }, (_, i) => i - FARTHEST);
  return keys.filter((key) => key >= down && key <= up);
}
