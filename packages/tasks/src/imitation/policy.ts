import {
  type Codec,
  type Diffusion,
  DiffusionForcingError,
  type HostTensor,
  type RandomStream,
  type Sampler,
  tensor,
} from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";
import { tokensPerEpisode } from "./demonstrations.js";
import type { HandAction } from "./fruit-swap.js";
import { actionNumbers, actionOf } from "./observation.js";

/** What a policy uses of a sampler. */
export type PolicySampler = Pick<Sampler, "diffusion" | "timesteps" | "levels" | "denoise">;

export interface PolicyOptions {
  readonly sampler: PolicySampler;
  readonly codec: Codec;
  /** Episodes that are acted in together. */
  readonly episodes: number;
  /** Numbers of an observation. */
  readonly observationSize: number;
  /**
   * The latest tokens that are remembered; those before are shown at level K. 1: a memoryless policy, which knows what it
   * sees and did last.
   */
  readonly memory: number;
  readonly random: RandomStream;
  readonly signal?: AbortSignal;
}

const optionsSchema = v.strictObject({
  sampler: schemas.having<PolicySampler>("a sampler", "denoise", "diffusion"),
  codec: schemas.having<Codec>("a codec", "encode", "decode"),
  episodes: schemas.integer(1),
  observationSize: schemas.integer(1),
  memory: schemas.integer(1),
  random: optionSchemas.random,
  signal: optionSchemas.signal,
});

/** Windows are rounded up to this, so that few shapes are compiled. */
const WINDOW_STEP = 8;

/**
 * Policy and world model in one: the next token, given the past, is an action and what comes of it. The past is what was
 * really done and seen, each token at the level of noise that it is said to have: 0 where it is to be trusted.
 */
export class FruitPolicy {
  readonly #options: PolicyOptions;
  /** [episodes, 26, features], encoded; tokens so far, those that are doubtful scaled to their level. */
  readonly #past: Float32Array;
  /** Level indices of the tokens so far. */
  readonly #levels: number[] = [];
  readonly #features: number;

  /** @throws `invalid-argument` */
  constructor(options: PolicyOptions) {
    check("FruitPolicy", optionsSchema, options);
    this.#options = options;
    this.#features = options.sampler.diffusion.model.tokenShape[0] as number;
    this.#past = new Float32Array(options.episodes * tokensPerEpisode * this.#features);
  }

  /**
   * Takes in what was done and what is seen after it.
   *
   * @param actions one an episode
   * @param observations [episodes][observationSize]
   * @param level index of the level of noise that the observations are said to have, 0..S
   */
  async observe(
    actions: readonly HandAction[],
    observations: readonly (readonly number[])[],
    level: number,
  ): Promise<void> {
    const { sampler, codec, episodes } = this.#options;
    const t = this.#levels.length;
    const items = actions.flatMap((action, i) => [...actionNumbers(action), ...(observations[i] as readonly number[])]);
    const { data } = await codec.encode(tensor(items, [episodes, 1, items.length / episodes]));
    const scale = level === 0 ? 1 : signalAt(sampler.diffusion, sampler.levels[level] as number);
    for (let i = 0; i < episodes; i++) {
      const token = data.subarray(i * this.#features, (i + 1) * this.#features);
      this.#past.set(
        token.map((value) => scale * value),
        (i * tokensPerEpisode + t) * this.#features,
      );
    }
    this.#levels.push(level);
  }

  /** Samples the next token: what to do, one action an episode, and what is expected to be seen after it [episodes][observationSize]. */
  async act(): Promise<{ readonly actions: HandAction[]; readonly expected: number[][] }> {
    const { sampler, codec, episodes, observationSize, memory, random, signal } = this.#options;
    const features = this.#features;
    const now = this.#levels.length;
    const first = Math.max(0, now - memory);
    const length = Math.min(tokensPerEpisode, Math.ceil((now + 1) / WINDOW_STEP) * WINDOW_STEP);
    const source = random.split(now);
    const tokens = new Float32Array(episodes * length * features);
    source.split("start").fillNormal(tokens, { clip: sampler.diffusion.process.noiseClip });
    for (let i = 0; i < episodes; i++) {
      const [from, to] = [(i * tokensPerEpisode + first) * features, (i * tokensPerEpisode + now) * features];
      tokens.set(this.#past.subarray(from, to), (i * length + first) * features);
    }
    const steps = sampler.timesteps;
    const rows = Array.from({ length: steps + 1 }, (_, step) =>
      Int32Array.from({ length }, (_, t) => {
        if (t === now) return steps - step;
        return t >= first && t < now ? (this.#levels[t] as number) : steps;
      }),
    );
    const condition = this.#condition(length, first, now);
    const denoised = await sampler.denoise({
      tokens: tensor(tokens, [episodes, length, features]),
      rows,
      seed: source.split("steps"),
      ...(condition ? { condition } : {}),
      ...(signal ? { signal } : {}),
    });
    const sampled = new Float32Array(episodes * features);
    for (let i = 0; i < episodes; i++) {
      const at = (i * length + now) * features;
      sampled.set(denoised.data.subarray(at, at + features) as Float32Array, i * features);
    }
    const { data } = await codec.decode(tensor(sampled, [episodes, 1, features]));
    const size = data.length / episodes;
    const parts = Array.from({ length: episodes }, (_, i) => Array.from(data.subarray(i * size, (i + 1) * size)));
    return {
      actions: parts.map((item) => actionOf(item)),
      expected: parts.map((item) => item.slice(size - observationSize)),
    };
  }

  /** For the next-token baseline: each token's predecessor, which is believed whatever it is. */
  #condition(length: number, first: number, now: number): HostTensor | undefined {
    if (this.#options.sampler.diffusion.model.conditionFeatures === 0) return undefined;
    const { episodes } = this.#options;
    const features = this.#features;
    const data = new Float32Array(episodes * length * features);
    for (let i = 0; i < episodes; i++) {
      const [from, to] = [(i * tokensPerEpisode + first) * features, (i * tokensPerEpisode + now) * features];
      data.set(this.#past.subarray(from, to), (i * length + first + 1) * features);
    }
    return tensor(data, [episodes, length, features]);
  }
}

function signalAt({ process }: Diffusion, level: number): number {
  const signal = process.path?.signal[level];
  if (signal === undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      "A doubtful observation needs a process whose noisy tokens are signal and noise; this model's are not.",
    );
  }
  return signal;
}
