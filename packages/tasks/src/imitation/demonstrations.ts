import { createRandom, type HostTensor, tensor, zeros } from "@diffusion-forcing/core";
import { demonstrate } from "./expert.js";
import { episodeLength } from "./fruit-swap.js";
import { actionNumbers, actionSize, noAction } from "./observation.js";
import { places, type View } from "./view.js";

/** Tokens of an episode: what was seen before the first action, and each action with what was seen after it. */
export const tokensPerEpisode: number = episodeLength + 1;

/**
 * Demonstrations of the fruit swap. Token t holds action t - 1 and the observation after it, so that to sample the next
 * token is to choose an action (the policy) and to foresee what comes of it (the world model). Token 0 holds the action of
 * doing nothing.
 *
 * @returns float32 [count, 26, 3 + view.size], for the same seed the same numbers
 */
export function fruitDemonstrations(count: number, seed: number, view: View = places): HostTensor<"float32"> {
  const random = createRandom(seed);
  const size = actionSize + view.size;
  const { data } = zeros("float32", [count, tokensPerEpisode, size]);
  for (let i = 0; i < count; i++) {
    const source = random.split(i);
    const { states, actions } = demonstrate(source);
    states.forEach((state, t) => {
      const action = actionNumbers(t === 0 ? noAction : (actions[t - 1] as (typeof actions)[number]));
      data.set([...action, ...view.see(state, source)], (i * tokensPerEpisode + t) * size);
    });
  }
  return tensor(data, [count, tokensPerEpisode, size]);
}
