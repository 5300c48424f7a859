import { DiffusionForcingError } from "../engine/errors.js";
import { sizeOf } from "../engine/tensor/shape.js";
import { type HostTensor, zeros } from "../engine/tensor/tensor.js";

/**
 * Where sampling takes its normal numbers from: a `RandomStream`, or {@link recordedNoise}. Every draw has a path of
 * labels of its own, so that what one draws does not depend on what else is drawn.
 */
export interface NoiseSource {
  split(label: string | number): NoiseSource;
  /** Fills with standard normal numbers, limited to -clip..clip. */
  fillNormal(target: Float32Array, options?: { readonly clip?: number }): void;
}

/**
 * A source that plays back numbers recorded elsewhere, to compare with another implementation.
 *
 * @param read the numbers of the draw at a path, as laid out in the tensor to fill, before any limit. Paths of
 * `Sampler.denoise` are [step, "step" | "stabilization" | "futures" | "history"], with the step 1-based; a rollout's are
 * [done, "start"] and [done, "steps", ...those], `done` being the number of tokens generated before the chunk.
 */
export function recordedNoise(read: (path: readonly (string | number)[]) => ArrayLike<number>): NoiseSource {
  const at = (path: readonly (string | number)[]): NoiseSource => ({
    split: (label) => at([...path, label]),
    fillNormal: (target, { clip = Number.POSITIVE_INFINITY } = {}) => {
      const recorded = read(path);
      if (recorded.length !== target.length) {
        throw new DiffusionForcingError(
          "invalid-data",
          `Recorded noise: ${recorded.length} numbers at ${path.join("/")}; expected ${target.length}.`,
        );
      }
      for (let i = 0; i < target.length; i++) target[i] = Math.min(Math.max(recorded[i] as number, -clip), clip);
    },
  });
  return at([]);
}

/** One source for all samples, or one for each. */
export type NoiseSources = NoiseSource | readonly NoiseSource[];

/**
 * Noise of a batch's shape [B, ...], or [copies, B, ...] for more than one copy; each source fills its own samples.
 */
export function drawNoise(
  sources: NoiseSources,
  path: readonly (string | number)[],
  copies: number,
  shape: readonly number[],
  clip: number,
): HostTensor<"float32"> {
  const noise = zeros("float32", copies > 1 ? [copies, ...shape] : shape);
  const own = (Array.isArray(sources) ? sources : [sources]) as readonly NoiseSource[];
  const streams = own.map((source) => path.reduce((at, label) => at.split(label), source));
  const share = sizeOf(shape) / streams.length;
  for (let copy = 0; copy < copies; copy++) {
    for (const [i, stream] of streams.entries()) {
      const first = (copy * streams.length + i) * share;
      stream.fillNormal(noise.data.subarray(first, first + share), { clip });
    }
  }
  return noise;
}
