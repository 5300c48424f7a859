import { DiffusionForcingError } from "@diffusion-forcing/core";
import { fitNormalization, type NormalizationOptions, normalizationCodec } from "@diffusion-forcing/core/bundle";
import type { MazeDataset } from "../dataset.js";

/** What a frame of the planner's sequence can hold, two features each. */
export type FrameField = "position" | "velocity" | "action";

export const frameFields: readonly FrameField[] = ["position", "velocity", "action"];

/** Mean and standard deviation of each feature of a frame; tokens hold (x - mean) / std. */
export type Normalizer = NormalizationOptions;

export function featuresPerFrame(fields: readonly FrameField[]): number {
  return 2 * fields.length;
}

/** Copies the fields of `count` frames of the dataset, from frame `first`, into `target` (raw units). */
export function readFrames(
  dataset: MazeDataset,
  fields: readonly FrameField[],
  first: number,
  count: number,
  target: Float32Array,
): void {
  const width = featuresPerFrame(fields);
  fields.forEach((field, index) => {
    const [source, stride, offset] =
      field === "action" ? [dataset.actions, 2, 0] : [dataset.observations, 4, field === "velocity" ? 2 : 0];
    for (let frame = 0; frame < count; frame++) {
      const from = (first + frame) * stride + offset;
      target[frame * width + 2 * index] = source[from] as number;
      target[frame * width + 2 * index + 1] = source[from + 1] as number;
    }
  });
}

/**
 * Per-feature mean and deviation over the whole dataset.
 *
 * @throws `invalid-data` if a feature never changes: nothing could be divided by its deviation.
 */
export function fitNormalizer(dataset: MazeDataset, fields: readonly FrameField[]): Normalizer {
  const width = featuresPerFrame(fields);
  const count = dataset.actions.length / 2;
  const frames = new Float32Array(count * width);
  readFrames(dataset, fields, 0, count, frames);
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
