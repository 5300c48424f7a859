import {
  createRandom,
  DiffusionForcingError,
  type HostTensor,
  type RandomStream,
  type Sampler,
  tensor,
  zeros,
} from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";

export interface ComposeOptions {
  /** Trajectories. */
  readonly batch: number;
  /** Positions of each, as many as in training. */
  readonly length: number;
  /** The dial: how many of the latest positions are remembered; earlier ones are shown at level K, which says nothing. */
  readonly memory: number;
  /** How many positions are planned together. Default: all that are left. */
  readonly plan?: number;
  /** How many of them are kept before the next plan is made, at most `plan`. Default: all. */
  readonly keep?: number;
  readonly seed: number | RandomStream;
  readonly signal?: AbortSignal;
  /** Told after each plan how many positions there are. */
  readonly onProgress?: (done: number) => void;
}

/** What composing uses of a sampler. */
export type ComposingSampler = Pick<Sampler, "diffusion" | "timesteps" | "denoise">;

const schema = v.strictObject({
  batch: schemas.integer(1),
  length: schemas.integer(2),
  memory: schemas.integer(0),
  plan: v.optional(schemas.integer(1)),
  keep: v.optional(schemas.integer(1)),
  seed: optionSchemas.seed,
  signal: optionSchemas.signal,
  onProgress: optionSchemas.callback<ComposeOptions["onProgress"]>(),
});
const samplerSchema = schemas.having<ComposingSampler>(
  "a sampler, as diffusion.sampler() makes one",
  "diffusion",
  "timesteps",
  "denoise",
);

/**
 * Samples trajectories plan by plan, as receding-horizon control does: the latest positions are clean context (level 0),
 * those of the plan are denoised together, those before and after stay at level K. With the whole past remembered and one
 * plan this is ordinary sampling.
 *
 * @returns in the model's tokens, float32 [batch, length, ...]
 * @throws `invalid-argument`, `aborted`
 */
export async function compose(sampler: ComposingSampler, options: ComposeOptions): Promise<HostTensor<"float32">> {
  const {
    batch,
    length,
    memory,
    plan = length,
    keep = plan,
    seed,
    signal,
    onProgress,
  } = check("compose", schema, options) as ComposeOptions;
  check("compose: the sampler", samplerSchema, sampler);
  if (keep > plan) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `compose: keep is ${keep} and plan is ${plan}; expected to keep at most what is planned.`,
    );
  }
  const random = createRandom(seed);
  const { model, process } = sampler.diffusion;
  const size = model.tokenShape.reduce((product, axis) => product * axis, 1);
  const shape = [batch, length, ...model.tokenShape];
  const made = zeros("float32", shape).data;
  for (let now = 0; now < length; ) {
    const source = random.split(now);
    const isShown = (t: number): boolean => t >= now - memory && t < now;
    const planned = Math.min(plan, length - now);
    const tokens = new Float32Array(made.length);
    source.split("start").fillNormal(tokens, { clip: process.noiseClip });
    for (let i = 0; i < tokens.length; i++) {
      tokens[i] = isShown(Math.floor(i / size) % length)
        ? (made[i] as number)
        : (tokens[i] as number) * process.priorScale;
    }
    const rows = Array.from({ length: sampler.timesteps + 1 }, (_, step) =>
      Int32Array.from({ length }, (_, t) => {
        if (isShown(t)) return 0;
        return t >= now && t < now + planned ? sampler.timesteps - step : sampler.timesteps;
      }),
    );
    const denoised = await sampler.denoise({
      tokens: tensor(tokens, shape),
      rows,
      seed: source.split("steps"),
      ...(signal ? { signal } : {}),
    });
    const kept = Math.min(keep, planned);
    for (let b = 0; b < batch; b++) {
      const [from, to] = [(b * length + now) * size, (b * length + now + kept) * size];
      made.set(denoised.data.subarray(from, to) as Float32Array, from);
    }
    now += kept;
    onProgress?.(now);
  }
  return tensor(made, shape);
}
