import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { MazeDataset } from "../dataset.js";

/** What a frame of the planner's sequence can hold, two features each. */
export type FrameField = "position" | "velocity" | "action";

export const frameFields: readonly FrameField[] = ["position", "velocity", "action"];

/** Mean and deviation of each feature of a frame; tokens hold (x - mean) / deviation. */
export interface Normalizer {
  readonly mean: readonly number[];
  readonly standardDeviation: readonly number[];
}

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
  const mean = new Array<number>(width).fill(0);
  const square = new Array<number>(width).fill(0);
  for (let i = 0; i < frames.length; i++) mean[i % width]! += (frames[i] as number) / count;
  for (let i = 0; i < frames.length; i++) square[i % width]! += ((frames[i] as number) - mean[i % width]!) ** 2 / count;
  const still = square.findIndex((variance) => !(variance > 0));
  if (still >= 0) {
    throw new DiffusionForcingError(
      "invalid-data",
      `Feature ${still} of the ${count} frames [${fields.join(", ")}] has variance ${square[still]}; expected data that moves.`,
    );
  }
  return { mean, standardDeviation: square.map(Math.sqrt) };
}

/** Normalises frames in place, or back again with `inverse`. */
export function normalizeFrames(frames: Float32Array, normalizer: Normalizer, inverse = false): void {
  const width = normalizer.mean.length;
  for (let i = 0; i < frames.length; i++) {
    const mean = normalizer.mean[i % width] as number;
    const deviation = normalizer.standardDeviation[i % width] as number;
    frames[i] = inverse ? (frames[i] as number) * deviation + mean : ((frames[i] as number) - mean) / deviation;
  }
}

/** @throws `corrupt-file` unless the value is a normaliser of `width` features with positive deviations. */
export function parseNormalizer(value: unknown, width: number): Normalizer {
  const { mean, standardDeviation } = (value ?? {}) as Partial<Record<keyof Normalizer, unknown>>;
  const numbers = (list: unknown): list is number[] =>
    Array.isArray(list) && list.length === width && list.every((x) => typeof x === "number" && Number.isFinite(x));
  if (!numbers(mean) || !numbers(standardDeviation) || standardDeviation.some((x) => x <= 0)) {
    throw new DiffusionForcingError(
      "corrupt-file",
      `The normaliser must hold "mean" and "standardDeviation", ${width} finite numbers each, deviations positive.`,
    );
  }
  return { mean, standardDeviation };
}
