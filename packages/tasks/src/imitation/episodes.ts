import { type Bundle, createRandom, DiffusionForcingError, type RandomStream } from "@diffusion-forcing/core";
import { check, schemas, throwIfAborted } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";
import { episodeLength, type FruitState, newFruits, stepFruits } from "./fruit-swap.js";
import { noAction } from "./observation.js";
import { FruitPolicy, type PolicySampler } from "./policy.js";
import type { View } from "./view.js";

/** What disturbs the observations, and what the policy is told of it. */
export interface Distraction {
  /** The share of the steps in which the view is disturbed, 0 to 1. */
  readonly share: number;
  /** Level index, 0..S, at which those observations are shown; 0: the policy is told nothing. */
  readonly level: number;
}

export interface EpisodesOptions {
  readonly sampler: PolicySampler;
  readonly codec: NonNullable<Bundle["codec"]>;
  readonly view: View;
  readonly episodes: number;
  /** Tokens remembered; see `PolicyOptions.memory`. */
  readonly memory: number;
  readonly seed: number | RandomStream;
  readonly distraction?: Distraction;
  /** Shows the policy what it expected to see in place of what is there: it acts in its own imagination. */
  readonly dream?: boolean;
  readonly signal?: AbortSignal;
  /** Told after every step. */
  readonly onStep?: (step: number) => void;
}

const optionsSchema = v.strictObject({
  sampler: schemas.having<PolicySampler>("a sampler", "denoise", "timesteps"),
  codec: schemas.having<NonNullable<Bundle["codec"]>>("a codec", "encode", "decode"),
  view: schemas.having<View>("a view, such as views has", "size", "see", "disturb"),
  episodes: schemas.integer(1),
  memory: schemas.integer(1),
  seed: optionSchemas.seed,
  distraction: v.optional(v.strictObject({ share: schemas.number(0, 1), level: schemas.integer(0) })),
  dream: v.optional(v.boolean("true or false")),
  signal: optionSchemas.signal,
  onStep: optionSchemas.callback<(step: number) => void>(),
});

/** Episodes as they went. */
export interface Episodes {
  readonly view: View;
  /** [episodes][26]: the state before each action and after the last. */
  readonly states: readonly (readonly FruitState[])[];
  /** [26][episodes][observationSize]: what the policy was shown. */
  readonly seen: readonly (readonly (readonly number[])[])[];
  /** [25][episodes][observationSize]: what the policy expected to see after each action. */
  readonly expected: readonly (readonly (readonly number[])[])[];
}

/**
 * Lets a model swap fruits: sample the next token, execute its action, take in what is really seen. Episodes start alike
 * for the same seed, whatever the policy. The steps that are disturbed are the same in all episodes of a run.
 *
 * @throws `invalid-argument`, `aborted`
 */
export async function runEpisodes(options: EpisodesOptions): Promise<Episodes> {
  const { sampler, codec, view, episodes, memory, seed, distraction, dream, signal, onStep } = check(
    "runEpisodes",
    optionsSchema,
    options,
  );
  if (distraction !== undefined && distraction.level > sampler.timesteps) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `The level index ${distraction.level} is beyond the sampler's ${sampler.timesteps} steps.`,
    );
  }
  const random = typeof seed === "number" ? createRandom(seed) : seed;
  const policy = new FruitPolicy({
    sampler,
    codec,
    episodes,
    observationSize: view.size,
    memory,
    random: random.split("policy"),
    ...(signal ? { signal } : {}),
  });
  const each = <T>(make: (i: number) => T): T[] => Array.from({ length: episodes }, (_, i) => make(i));
  const worlds = each((i) => random.split("worlds").split(i));
  const eyes = each((i) => random.split("eyes").split(i));
  const disturbed = random.split("disturbed steps");
  const states = worlds.map((world) => [newFruits(world)]);
  const seen: number[][][] = [];
  const expected: number[][][] = [];
  let actions = each(() => noAction);
  for (let step = 0; ; step++) {
    throwIfAborted(signal);
    const isDisturbed = distraction !== undefined && disturbed.uniform() < distraction.share;
    const imagined = dream ? expected.at(-1) : undefined;
    const looks = eyes.map((eye, i) => {
      const look = imagined?.[i] ?? view.see(states[i]?.at(-1) as FruitState, eye);
      return isDisturbed ? view.disturb(look, eye) : look;
    });
    seen.push(looks);
    await policy.observe(actions, looks, isDisturbed ? distraction.level : 0);
    onStep?.(step);
    if (step === episodeLength) break;
    const next = await policy.act();
    actions = next.actions;
    expected.push(next.expected);
    for (const [i, path] of states.entries()) {
      path.push(stepFruits(path.at(-1) as FruitState, actions[i] as (typeof actions)[number]));
    }
  }
  return { view, states, seen, expected };
}
