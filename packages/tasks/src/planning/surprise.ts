import { type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import type { Sampler } from "@diffusion-forcing/core/sampling";
import { oneStepErrors } from "./one-step.js";

/** Pieces of so many tokens: two that are known, some that are told by them, and what comes later, which nobody knows. */
const piece = 7;
const known = 2;
const told = 3;

/** Share of the levels at which tokens are told: noise that hides where exactly they go, not which way. */
const toldAt = 0.2;

/** Pieces denoised together, at most. */
const batch = 64;

/** What asking about a sequence of so many tokens costs, in evaluations of whole sequences: pieces are shorter. */
export function costOfSurprise(length: number): number {
  return (piecesOf(length) * piece) / length;
}

/** The pieces begin this far apart, so that every token but the first two is told once. */
function piecesOf(length: number): number {
  return Math.ceil((length - known) / told);
}

/**
 * How far a model's forecasts are from sequences, `[B, T, C]`: the mean squared distance per feature, `[B]`. A sequence is
 * cut into short pieces. Of each the first two tokens are clean, the next three have some noise, from which the model is
 * to tell where they go, and the rest is pure noise, so that no goal is known. As a whole the model may believe in a short
 * cut through a wall, because it has to arrive in time. Where it is asked piece by piece what comes next, no arrival
 * presses it, and it says what its data do at this place.
 */
export async function surprises(
  sampler: Sampler,
  { data, shape }: HostTensor,
  random: readonly RandomStream[],
  signal?: AbortSignal,
): Promise<number[]> {
  const [sequences, length, size] = shape as [number, number, number];
  const index = Math.max(1, Math.round(toldAt * sampler.timesteps));
  const row = Int32Array.from({ length: piece }, (_, t) => {
    if (t < known) return 0;
    return t < known + told ? index : sampler.timesteps;
  });
  const cuts = Array.from({ length: sequences }, (_, b) =>
    Array.from({ length: piecesOf(length) }, (_piece, i) => ({ b, from: i * told })),
  ).flat();
  const sums = new Array<number>(sequences).fill(0);
  for (let first = 0; first < cuts.length; first += batch) {
    const chunk = cuts.slice(first, first + batch);
    const count = sizeOfBatch(chunk.length);
    const pieces = new Float32Array(count * piece * size);
    for (const [i, { b, from }] of chunk.entries()) {
      for (let t = 0; t < piece; t++) {
        // After its end a sequence rests there.
        const source = (b * length + Math.min(from + t, length - 1)) * size;
        pieces.set(data.subarray(source, source + size), (i * piece + t) * size);
      }
    }
    const streams = chunk.map(({ b, from }) => (random[b] as RandomStream).split(`piece ${from}`));
    const errors = await oneStepErrors(sampler, {
      name: "surprise",
      sequences: tensor(pieces, [count, piece, size]),
      row,
      noiseOf: (i, t) => streams[i]?.split(t),
      seed: Array.from({ length: count }, (_, i) => (random[chunk[i]?.b ?? 0] as RandomStream).split(`told ${i}`)),
      signal,
    });
    for (const [i, { b }] of chunk.entries()) {
      const ofTold = errors.subarray((i * piece + known) * size, (i * piece + known + told) * size);
      for (const error of ofTold) sums[b] = (sums[b] as number) + error;
    }
  }
  return sums.map((sum) => sum / (piecesOf(length) * told * size));
}

/** Powers of two, so that few shapes are compiled. */
function sizeOfBatch(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}
