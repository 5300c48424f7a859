import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { createRandom } from "../engine/random/index.js";
import { checkFinite, type HostTensor, zeros } from "../engine/tensor/tensor.js";

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
 * `Sampler.denoise` are [step, "step" | "futures", number of the draw], with the step 1-based, and ["history"]; a sample's
 * and a rollout's are [done, "start"], [done, "steps", ...those] and ["history", position], `done` being the number of
 * tokens generated before and `position` a token's place in the whole sequence.
 */
export function recordedNoise(read: (path: readonly (string | number)[]) => ArrayLike<number>): NoiseSource {
  const at = (path: readonly (string | number)[]): NoiseSource => ({
    split: (label) => at([...path, label]),
    fillNormal: (target, { clip = Number.POSITIVE_INFINITY } = {}) => {
      const recorded: unknown = read(path);
      const given = (recorded as Partial<ArrayLike<number>> | null | undefined)?.length;
      if (given !== target.length) {
        const found = given === undefined ? describe(recorded) : `${given} numbers`;
        throw new DiffusionForcingError(
          "invalid-data",
          `Recorded noise: ${found} at ${path.join("/")}; expected ${target.length} numbers.`,
        );
      }
      target.set(Array.from(recorded as ArrayLike<number>, (value) => Math.min(Math.max(value, -clip), clip)));
    },
  });
  return at([]);
}

/** One source for all samples, or one for each, so that a sample does not depend on the others of its batch. */
export type NoiseSources = NoiseSource | readonly NoiseSource[];

/** Where a call takes its randomness from: a seed or a stream, for the whole batch or one for each sample. */
export type SampleSeed = number | NoiseSource | readonly (number | NoiseSource)[];

/** The sources of a seed. @throws `invalid-argument` for what is none, or not one for each of `batch` samples. */
export function noiseSources(what: string, seed: SampleSeed, batch: number): NoiseSources {
  const one = (value: number | NoiseSource): NoiseSource => {
    if (isSource(value)) return value;
    if (typeof value === "number") return createRandom(value);
    throw new DiffusionForcingError(
      "invalid-argument",
      `${what}: seed is ${describe(value)}; expected a whole number from 0, a RandomStream, or one of these for each sample.`,
    );
  };
  if (!Array.isArray(seed)) return one(seed as number | NoiseSource);
  // A list with holes is gone through as one of undefined.
  if (seed.length === batch) return Array.from(seed, one);
  throw new DiffusionForcingError(
    "invalid-argument",
    `${what}: ${seed.length} seeds for ${batch} samples; expected one seed, or one for each sample.`,
  );
}

function isSource(value: unknown): value is NoiseSource {
  const { split, fillNormal } = (typeof value === "object" && value !== null ? value : {}) as Partial<NoiseSource>;
  return typeof split === "function" && typeof fillNormal === "function";
}

/** The sources that stand under a label of each. */
export function splitSources(sources: NoiseSources, label: string | number): NoiseSources {
  return Array.isArray(sources) ? sources.map((source) => source.split(label)) : (sources as NoiseSource).split(label);
}

/** Noise of a batch's shape [B, ...], each source filling its own samples. @throws `invalid-data` for noise that is not finite */
export function drawNoise(
  sources: NoiseSources,
  path: readonly (string | number)[],
  shape: readonly number[],
  clip: number,
): HostTensor<"float32"> {
  const noise = zeros("float32", shape);
  const own = (Array.isArray(sources) ? sources : [sources]) as readonly NoiseSource[];
  const share = noise.data.length / own.length;
  for (const [i, source] of own.entries()) {
    const stream = path.reduce((at, label) => at.split(label), source);
    stream.fillNormal(noise.data.subarray(i * share, (i + 1) * share), { clip });
  }
  checkFinite(`The noise that the seed gives at ${path.join("/")}`, noise);
  return noise;
}
