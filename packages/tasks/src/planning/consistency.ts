import {
  createRandom,
  DiffusionForcingError,
  type HostTensor,
  type RandomStream,
  tensor,
} from "@diffusion-forcing/core";
import type { Sampler } from "@diffusion-forcing/core/sampling";
import { normalizeFrames } from "./frames.js";
import { type PlanningSequences, trainingWindow } from "./training-windows.js";

/** Shares of the levels at which plans are asked about: noise that hides details, but not the way. */
const askedAt = [0.05, 0.1];

/** Real windows that a plan is compared with. */
const realWindows = 48;

/**
 * How far a model moves sequences, `[B, T, C]`, that are noised to a low level and denoised in one step, first and last
 * token staying clean: the mean squared distance per feature, `[levels][B]`. It is the model's own loss, so it is small
 * for what its data might hold, and larger for what they cannot: a short cut through a wall, for one.
 */
export async function displacements(
  sampler: Sampler,
  { data, shape }: HostTensor,
  random: readonly RandomStream[],
  signal?: AbortSignal,
): Promise<number[][]> {
  const [batch, length, size] = shape as [number, number, number];
  const { process } = sampler.diffusion;
  if (process.path === undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `Planner: consistency is known for processes with a Gaussian path; this one is "${process.config.kind}".`,
    );
  }
  const found: number[][] = [];
  for (const index of askedIndices(sampler)) {
    const level = sampler.levels[index] as number;
    const [signalScale, noiseScale] = [process.path.signal[level] as number, process.path.noise[level] as number];
    const noisy = Float32Array.from(data);
    random.forEach((stream, b) => {
      const free = noisy.subarray((b * length + 1) * size, (b * length + length - 1) * size);
      const noise = new Float32Array(free.length);
      stream.split(`level ${level}`).fillNormal(noise, { clip: process.noiseClip });
      for (let i = 0; i < free.length; i++) {
        free[i] = signalScale * (free[i] as number) + noiseScale * (noise[i] as number);
      }
    });
    const row = Int32Array.from({ length }, (_, t) => (t === 0 || t === length - 1 ? 0 : index));
    const estimate = await sampler.denoise({
      tokens: tensor(noisy, shape),
      rows: [row, new Int32Array(length)],
      seed: random.map((stream) => stream.split(`step ${level}`)),
      ...(signal ? { signal } : {}),
    });
    found.push(
      Array.from({ length: batch }, (_, b) => {
        let sum = 0;
        for (let i = (b * length + 1) * size; i < (b * length + length - 1) * size; i++) {
          sum += ((estimate.data[i] as number) - (data[i] as number)) ** 2;
        }
        return sum / ((length - 2) * size);
      }),
    );
  }
  return found;
}

/** Different indices of timesteps near the levels asked about, from 1. */
function askedIndices({ timesteps }: Sampler): number[] {
  return [...new Set(askedAt.map((share) => Math.max(1, Math.round(share * timesteps))))];
}

/**
 * The median displacement of windows of the data, made to look like problems as in training, at each level: what plans
 * are measured by. Always the same for the same model and data.
 */
export async function usualDisplacements(
  sampler: Sampler,
  sequences: PlanningSequences,
  trajectories: readonly Float32Array[],
  signal?: AbortSignal,
): Promise<number[]> {
  const { frameStack, lengths, normalizer } = sequences;
  const length = lengths[Math.floor(lengths.length / 2)] as number;
  const size = frameStack * normalizer.mean.length;
  const random = createRandom(0).split("real windows");
  const draw = trainingWindow({ ...sequences, trajectories }, length);
  const data = new Float32Array(realWindows * length * size);
  for (let window = 0; window < realWindows; window++) data.set(draw(random), window * length * size);
  normalizeFrames(data, normalizer);
  const streams = Array.from({ length: realWindows }, (_, i) => random.split(i));
  const found = await displacements(sampler, tensor(data, [realWindows, length, size]), streams, signal);
  return found.map(median);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
