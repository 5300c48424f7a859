import { createRandom, type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import type { Sampler } from "@diffusion-forcing/core/sampling";
import { normalizeFrames } from "./frames.js";
import { oneStepErrors } from "./one-step.js";
import { type PlanningSequences, trainingWindow } from "./training-windows.js";

/** Share of the levels at which tokens are hidden: noise that leaves a hint of where they were, and no more. */
const hiddenAt = 0.5;

/** Every other token is hidden, then the others. */
const parts = 2;

/** Real windows that a plan is compared with. */
const realWindows = 48;

/** How often a model is asked about a sequence of so many tokens. */
export function timesAsked(length: number): number {
  return Math.min(parts, length - 2);
}

/**
 * How far a model moves sequences, `[B, T, C]`, when it has to tell tokens from their neighbours: every other token is
 * noised to a middle level, the rest stay clean, and one step denoises it; then the others. The mean squared distance per
 * feature, `[B]`, first and last token left out. It is small for what the model's data might hold, and larger for what
 * they cannot: a short cut through a wall, for one. That is a question which only a model of per-token noise levels can
 * be asked, and it tells more than noising all tokens a little does.
 */
export async function displacements(
  sampler: Sampler,
  sequences: HostTensor,
  random: readonly RandomStream[],
  signal?: AbortSignal,
): Promise<number[]> {
  const [batch, length, size] = sequences.shape as [number, number, number];
  const index = Math.max(1, Math.round(hiddenAt * sampler.timesteps));
  const sums = new Array<number>(batch).fill(0);
  for (let part = 0; part < timesAsked(length); part++) {
    const row = Int32Array.from({ length }, (_, t) =>
      t > 0 && t < length - 1 && (t - 1) % parts === part ? index : 0,
    );
    const errors = await oneStepErrors(sampler, {
      name: "consistency",
      sequences,
      row,
      noiseOf: (b, t) => random[b]?.split(`token ${t}`),
      seed: random.map((stream) => stream.split(`step ${part}`)),
      signal,
    });
    for (const [i, error] of errors.entries()) {
      const token = Math.floor(i / size);
      if ((row[token % length] as number) === 0) continue;
      const b = Math.floor(token / length);
      sums[b] = (sums[b] as number) + error;
    }
  }
  return sums.map((sum) => sum / ((length - 2) * size));
}

/**
 * The median displacement of windows of the data, made to look like problems as in training: what plans are measured by.
 * Always the same for the same model and data.
 */
export async function usualDisplacement(
  sampler: Sampler,
  sequences: PlanningSequences,
  trajectories: readonly Float32Array[],
  signal?: AbortSignal,
): Promise<number> {
  const { frameStack, lengths, normalizer } = sequences;
  const length = lengths[Math.floor(lengths.length / 2)] as number;
  const size = frameStack * normalizer.mean.length;
  const random = createRandom(0).split("real windows");
  const draw = trainingWindow({ ...sequences, trajectories }, length);
  const data = new Float32Array(realWindows * length * size);
  for (let window = 0; window < realWindows; window++) data.set(draw(random), window * length * size);
  normalizeFrames(data, normalizer);
  const streams = Array.from({ length: realWindows }, (_, i) => random.split(i));
  return median(await displacements(sampler, tensor(data, [realWindows, length, size]), streams, signal));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
