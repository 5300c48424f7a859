import { type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import { independentNoiseLevels } from "@diffusion-forcing/core/process";
import * as v from "valibot";
import { checkRandom } from "../option-schemas.js";

export interface LevelSizes {
  readonly batch: number;
  readonly tokens: number;
  /** K. */
  readonly levels: number;
}

const sizesSchema = v.strictObject({
  batch: schemas.integer(1),
  tokens: schemas.integer(1),
  levels: schemas.integer(1),
});

/**
 * Noise levels for models that will be asked to remember more or less of the past: half of the sequences have
 * independent levels, as in the paper; in the other half a stretch of remembered tokens is clean (level 1), what lies
 * before it is forgotten and what lies beyond the plan not yet thought of (both level K), and the plan between has one
 * uniform level. Independent levels alone hardly ever hide a whole past.
 *
 * @returns int32 [B, T]
 * @throws `invalid-argument`
 */
export function dialLevels(random: RandomStream, sizes: LevelSizes): HostTensor<"int32"> {
  const { batch, tokens, levels } = check("dialLevels", sizesSchema, sizes);
  checkRandom("dialLevels", random);
  const { data } = independentNoiseLevels(random, sizes);
  for (let b = 0; b < batch; b += 2) {
    const now = random.integer(0, tokens);
    const remembered = random.integer(0, now + 1);
    const planned = random.integer(1, tokens - now + 1);
    const level = random.integer(1, levels + 1);
    for (let t = 0; t < tokens; t++) {
      const isKnown = t >= now - remembered && t < now;
      const isPlanned = t >= now && t < now + planned;
      data[b * tokens + t] = isKnown ? 1 : isPlanned ? level : levels;
    }
  }
  return tensor(data as Int32Array<ArrayBuffer>, [batch, tokens]);
}
