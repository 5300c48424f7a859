import { type Codec, createRandom, type HostTensor, tensor } from "@diffusion-forcing/core";
import { fitNormalization, type Normalization } from "@diffusion-forcing/core/bundle";
import { demonstrate } from "./expert.js";
import { episodeLength } from "./fruit-swap.js";
import { actionNumbers, actionSize, noAction, placesSize, seePlaces } from "./observation.js";

/** Tokens of an episode: what was seen before the first action, and each action with what was seen after it. */
export const tokensPerEpisode: number = episodeLength + 1;

/**
 * Demonstrations of the fruit swap. Token t holds action t - 1 and the observation after it, so that to sample the next
 * token is to choose an action (the policy) and to foresee what comes of it (the world model). Token 0 holds the action of
 * doing nothing.
 *
 * @returns float32 [count, 40, 3 + 7], for the same seed the same numbers
 */
export function fruitDemonstrations(count: number, seed: number): HostTensor<"float32"> {
  const random = createRandom(seed);
  const size = actionSize + placesSize;
  const data = new Float32Array(count * tokensPerEpisode * size);
  for (let i = 0; i < count; i++) {
    const source = random.split(i);
    const { states, actions } = demonstrate(source);
    states.forEach((state, t) => {
      const action = actionNumbers(t === 0 ? noAction : (actions[t - 1] as (typeof actions)[number]));
      data.set([...action, ...seePlaces(state, source)], (i * tokensPerEpisode + t) * size);
    });
  }
  return tensor(data, [count, tokensPerEpisode, size]);
}

/** The normalisation of demonstrations. */
export function fitDemonstrations({ shape, data }: HostTensor<"float32">): Normalization & Codec {
  return fitNormalization(data, shape[2] as number);
}
