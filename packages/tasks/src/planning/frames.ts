import { DiffusionForcingError } from "@diffusion-forcing/core";
import { fitNormalization, type NormalizationOptions, normalizationCodec } from "@diffusion-forcing/core/bundle";

/** Mean and standard deviation of each feature of a frame; tokens hold (x - mean) / std. */
export type Normalizer = NormalizationOptions;

/**
 * Mean and deviation of each feature over all frames of the trajectories, each `[F, width]`.
 *
 * @throws `invalid-data` for no frames, frames that are not whole, numbers that are not finite, or a feature that never
 *   changes: nothing could be divided by its deviation.
 */
export function fitNormalizer(trajectories: readonly Float32Array[], width: number): Normalizer {
  const [only] = trajectories;
  if (trajectories.length === 1 && only !== undefined) return fit(only, width);
  const all = new Float32Array(trajectories.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const trajectory of trajectories) {
    all.set(trajectory, at);
    at += trajectory.length;
  }
  return fit(all, width);
}

function fit(frames: Float32Array, width: number): Normalizer {
  const { mean, std } = fitNormalization(frames, width).config;
  return { mean, std };
}

/** Normalises frames in place, or back again with `inverse`. */
export function normalizeFrames(frames: Float32Array, normalizer: Normalizer, inverse = false): void {
  const width = normalizer.mean.length;
  for (let i = 0; i < frames.length; i++) {
    const mean = normalizer.mean[i % width] as number;
    const deviation = normalizer.std[i % width] as number;
    frames[i] = inverse ? (frames[i] as number) * deviation + mean : ((frames[i] as number) - mean) / deviation;
  }
}

/**
 * @throws `invalid-config` unless the value is a normaliser of `width` features, with numbers that float32 can compute
 *   with.
 */
export function parseNormalizer(value: unknown, width: number): Normalizer {
  const { mean, std } = normalizationCodec(value as Normalizer).config;
  if (mean.length === width) return { mean, std };
  throw new DiffusionForcingError(
    "invalid-config",
    `The normaliser has ${mean.length} numbers in mean and in std; frames have ${width} features.`,
  );
}
