import type { HostTensor } from "@diffusion-forcing/core";
import { frechetDistance, maximumMeanDiscrepancy, overlapArea } from "@diffusion-forcing/core/metrics";
import { BAR, type Chorale, HIGHEST_PITCH, LOWEST_PITCH, VOICES } from "./chorales.js";
import { notesOf } from "./notes.js";

/** How near filled-in passages are to those that were there. */
export interface Nearness {
  /** Shared area of the histograms of pitches, and of notes' lengths: a mean over passages. Higher is nearer. */
  readonly pitchOverlap: number;
  readonly durationOverlap: number;
  /** Of the transitions' laws; lower is nearer. */
  readonly frechet: number;
  readonly mmd: number;
}

/** A mean over passages of how much their pitch and duration histograms share with those of the real passages. */
export function histogramOverlaps(
  passages: readonly Chorale[],
  real: readonly Chorale[],
): Pick<Nearness, "pitchOverlap" | "durationOverlap"> {
  const meanOf = (histogram: (passage: Chorale) => number[]): number => {
    const areas = passages.map((passage, i) => {
      const [a, b] = [histogram(passage), histogram(real[i] as Chorale)];
      // A passage of silence has no notes to compare.
      const isEmpty = [a, b].some((counts) => counts.every((count) => count === 0));
      return isEmpty ? 0 : overlapArea({ shape: [a.length], data: a }, { shape: [b.length], data: b });
    });
    return areas.reduce((sum, area) => sum + area, 0) / areas.length;
  };
  return { pitchOverlap: meanOf(pitchHistogram), durationOverlap: meanOf(durationHistogram) };
}

/** Sixteenths that each pitch sounds, in all voices together. */
function pitchHistogram({ pitches }: Chorale): number[] {
  const counts = new Array<number>(HIGHEST_PITCH - LOWEST_PITCH + 1).fill(0);
  for (const pitch of pitches) if (pitch >= 0) counts[pitch - LOWEST_PITCH]!++;
  return counts;
}

/** Notes of each length in sixteenths; those of a bar and more are one. */
function durationHistogram(chorale: Chorale): number[] {
  const counts = new Array<number>(BAR).fill(0);
  for (const { length } of notesOf(chorale)) counts[Math.min(length, BAR) - 1]!++;
  return counts;
}

/**
 * The Frechet distance and the squared maximum mean discrepancy of transitions: pairs of consecutive tokens [.., 2 D], from
 * the last known one before the gap to the first behind it. Tokens alone would not tell whether a passage goes with what
 * surrounds it.
 *
 * @param tokens [B, T, D], filled in and real.
 */
export function transitionDistances(
  tokens: HostTensor,
  real: HostTensor,
  missing: readonly boolean[],
): Pick<Nearness, "frechet" | "mmd"> {
  const [a, b] = [transitionsOf(tokens, missing), transitionsOf(real, missing)];
  return { frechet: frechetDistance(a, b), mmd: maximumMeanDiscrepancy(a, b) };
}

function transitionsOf({ shape, data }: HostTensor, missing: readonly boolean[]) {
  const [batch, length, features] = shape as [number, number, number];
  const places = missing.flatMap((isMissing, t) => (t > 0 && (isMissing || missing[t - 1]) ? [t - 1] : []));
  const pairs = new Float32Array(batch * places.length * 2 * features);
  for (let b = 0, row = 0; b < batch; b++) {
    for (const place of places) {
      const start = (b * length + place) * features;
      pairs.set(data.subarray(start, start + 2 * features) as Float32Array, row++ * 2 * features);
    }
  }
  return { shape: [batch * places.length, 2 * features], data: pairs };
}

/** Sixteenths of the missing tokens. */
export function passageOf({ pitches }: Chorale, missing: readonly boolean[], sixteenths: number): Chorale {
  const kept = missing.flatMap((isMissing, t) => (isMissing ? [t] : []));
  const size = sixteenths * VOICES;
  const passage = new Int8Array(kept.length * size);
  kept.forEach((t, i) => {
    passage.set(pitches.subarray(t * size, (t + 1) * size), i * size);
  });
  return { pitches: passage, length: kept.length * sixteenths };
}
