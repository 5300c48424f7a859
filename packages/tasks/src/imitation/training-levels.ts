import { type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import { independentNoiseLevels } from "@diffusion-forcing/core/process";

export interface LevelSizes {
  readonly batch: number;
  readonly tokens: number;
  /** K. */
  readonly levels: number;
}

/** How many of the sequences have a beginning that is forgotten. */
const FORGETFUL = 0.2;

/**
 * Noise levels for a policy that acts on a past of its own choosing. Levels are independent, as in the paper, but with a
 * probability that each sequence draws for itself, uniform from 0 to 1, a token is nearly clean (level 1): a policy's
 * past mostly is. In a fifth of the sequences the tokens before a place drawn at random are noise (level K): forgotten.
 *
 * @returns int32 [B, T]
 */
export function policyLevels(random: RandomStream, sizes: LevelSizes): HostTensor<"int32"> {
  const { batch, tokens, levels } = sizes;
  const { data } = independentNoiseLevels(random, sizes);
  for (let b = 0; b < batch; b++) {
    const clean = random.uniform();
    const forgotten = random.uniform() < FORGETFUL ? random.integer(0, tokens) : 0;
    for (let t = 0; t < tokens; t++) {
      if (random.uniform() < clean) data[b * tokens + t] = 1;
      if (t < forgotten) data[b * tokens + t] = levels;
    }
  }
  return tensor(data as Int32Array<ArrayBuffer>, [batch, tokens]);
}
