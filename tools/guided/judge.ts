import { RANGE } from "./circles.js";
import type { Found } from "./sweep.js";

/** How far values may leave the range of the data, as a multiple of it. */
const MOST = 1.35 * RANGE;

/** Where the mean has to arrive at some scale: the data's largest is 1. */
const REACHED = 0.6;

/** Standard errors by which the unguided mean may differ from 0, and a guided one fall below it. */
const ABOUT_ZERO = 3;
const BELOW = 2;

/**
 * What a sweep shows that guidance must not do, in words; none if all is well. A guided mean counts as rising if it
 * stays above the unguided one, to chance, and arrives.
 */
export function faultsOf(found: readonly Found[]): string[] {
  const plain = found.find(({ scale }) => scale === 0);
  if (plain === undefined) throw new Error("A sweep begins with scale 0, no guidance.");
  const faults: string[] = [];
  if (!(Math.abs(plain.mean) <= ABOUT_ZERO * plain.error)) {
    faults.push(`the unguided mean is ${plain.mean.toFixed(2)}, its standard error ${plain.error.toFixed(2)}`);
  }
  for (const { scale, largest, mean } of found) {
    if (!(largest <= MOST)) faults.push(`at scale ${scale} a value of ${largest.toFixed(2)}`);
    if (!(mean >= plain.mean - BELOW * plain.error))
      faults.push(`at scale ${scale} the mean falls to ${mean.toFixed(2)}`);
  }
  const best = Math.max(...found.map(({ mean }) => mean));
  if (!(best >= REACHED)) faults.push(`no scale brings the mean beyond ${best.toFixed(2)}`);
  return faults;
}
