import { DiffusionForcingError, type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import type { Sampler } from "@diffusion-forcing/core/sampling";

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
  const { process } = sampler.diffusion;
  if (process.path === undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `Planner: surprise is known for processes with a Gaussian path; this one is "${process.config.kind}".`,
    );
  }
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
    const pieces = new Float32Array(sizeOfBatch(chunk.length) * piece * size);
    const noise = new Float32Array(size);
    for (const [i, { b, from }] of chunk.entries()) {
      const stream = (random[b] as RandomStream).split(`piece ${from}`);
      for (let t = 0; t < piece; t++) {
        // After its end a sequence rests there.
        const source = (b * length + Math.min(from + t, length - 1)) * size;
        const token = pieces.subarray((i * piece + t) * size, (i * piece + t + 1) * size);
        token.set(data.subarray(source, source + size));
        const level = sampler.levels[row[t] as number] as number;
        if (level === 0) continue;
        stream.split(t).fillNormal(noise, { clip: process.noiseClip });
        const [a, s] = [process.path.signal[level] as number, process.path.noise[level] as number];
        for (let c = 0; c < size; c++) token[c] = a * (token[c] as number) + s * (noise[c] as number);
      }
    }
    const estimate = await sampler.denoise({
      tokens: tensor(pieces, [pieces.length / (piece * size), piece, size]),
      rows: [row, new Int32Array(piece)],
      seed: Array.from({ length: pieces.length / (piece * size) }, (_, i) =>
        (random[chunk[i]?.b ?? 0] as RandomStream).split(`told ${i}`),
      ),
      ...(signal ? { signal } : {}),
    });
    for (const [i, { b, from }] of chunk.entries()) {
      for (let t = known; t < known + told; t++) {
        const source = (b * length + Math.min(from + t, length - 1)) * size;
        for (let c = 0; c < size; c++) {
          const value = estimate.data[(i * piece + t) * size + c] as number;
          sums[b] = (sums[b] as number) + (value - (data[source + c] as number)) ** 2;
        }
      }
    }
  }
  return sums.map((sum) => sum / (piecesOf(length) * told * size));
}

/** Powers of two, so that few shapes are compiled. */
function sizeOfBatch(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}
