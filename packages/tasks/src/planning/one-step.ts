import { DiffusionForcingError, type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import type { Sampler, SampleSeed } from "@diffusion-forcing/core/sampling";

/** Sequences of which a model is asked about some tokens, told by the others. */
export interface Question {
  /** What is asked for, in messages. */
  readonly name: string;
  /** Clean, float32 [B, T, C]. */
  readonly sequences: HostTensor;
  /** Level index of each token, the same for every sequence: 0 stays clean. */
  readonly row: Int32Array;
  /** Where the noise of a token comes from; none for a sequence that only fills the batch. */
  readonly noiseOf: (sequence: number, token: number) => RandomStream | undefined;
  readonly seed: SampleSeed;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The squared errors of a model that has to tell noisy tokens in one step: tokens are noised to the levels of a row, one
 * step denoises them all, and each feature is compared with what it was, [B * T * C]. They are infinite all over a
 * sequence that has diverged: it must lose every comparison, and the others of its batch must not notice.
 *
 * @throws `invalid-argument` for a process without a Gaussian path
 */
export async function oneStepErrors(sampler: Sampler, question: Question): Promise<Float64Array> {
  const { name, sequences, row, noiseOf, seed, signal } = question;
  const { data, shape } = sequences;
  const [batch, length, size] = shape as [number, number, number];
  const { path, noiseClip, config } = sampler.diffusion.process;
  if (path === undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `Planner: ${name} is known for processes with a Gaussian path; this one is "${config.kind}".`,
    );
  }
  const numbers = length * size;
  const isWhole = Array.from({ length: batch }, (_, b) =>
    data.subarray(b * numbers, (b + 1) * numbers).every(Number.isFinite),
  );
  const noisy = Float32Array.from(data, (value, i) => (isWhole[Math.floor(i / numbers)] ? value : 0));
  const noise = new Float32Array(size);
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < length; t++) {
      const level = sampler.levels[row[t] as number] as number;
      const stream = level === 0 ? undefined : noiseOf(b, t);
      if (stream === undefined) continue;
      stream.fillNormal(noise, { clip: noiseClip });
      const [alpha, sigma] = [path.signal[level] as number, path.noise[level] as number];
      const token = noisy.subarray((b * length + t) * size, (b * length + t + 1) * size);
      for (let c = 0; c < size; c++) token[c] = alpha * (token[c] as number) + sigma * (noise[c] as number);
    }
  }
  const estimate = await sampler.denoise({
    tokens: tensor(noisy, shape),
    rows: [row, new Int32Array(length)],
    seed,
    ...(signal ? { signal } : {}),
  });
  return Float64Array.from(data, (clean, i) =>
    isWhole[Math.floor(i / numbers)] ? ((estimate.data[i] as number) - clean) ** 2 : Number.POSITIVE_INFINITY,
  );
}
