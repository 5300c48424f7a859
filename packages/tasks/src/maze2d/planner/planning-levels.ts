import { type HostTensor, type RandomStream, tensor, zeros } from "@diffusion-forcing/core";
import { independentNoiseLevels, maskNoiseLevels, type NoiseLevelSizes } from "@diffusion-forcing/core/process";

/** Sizes of a batch of plans: token 0 is the start, each token holds `framesPerToken` frames. */
export interface PlanningSizes extends NoiseLevelSizes {
  readonly framesPerToken: number;
}

/** The raw draws of one planning batch; kept apart from the rule so that the rule can be tested and replayed. */
export interface PlanningDraws {
  /** Per sample, the first token that counts as absent, 2..T (T: none); for models that are not causal. int32 [B]. */
  readonly terminal?: HostTensor<"int32">;
  /** Independent levels 1..K, int32 [B, T]. */
  readonly base: HostTensor<"int32">;
  /** Levels of the start tokens, 1..floor(K / 4), int32 [B]; absent: they keep their base level. */
  readonly start?: HostTensor<"int32">;
}

/** What a planning batch is trained with. */
export interface PlanningLevels {
  /** int32 [B, T]. */
  readonly noiseLevels: HostTensor<"int32">;
  /** Weight of every frame in the loss: 1, 0.05 for absent ones, 0 for masked ones; float32 [B, T * framesPerToken]. */
  readonly frameWeights: HostTensor<"float32">;
  /** 1 where a frame exists and is not absent, bool [B, T * framesPerToken]. */
  readonly presentFrames: HostTensor<"bool">;
}

/** Absent frames keep a small weight, so that a model also learns what follows the end of a plan. */
const ABSENT_WEIGHT = 0.05;

/**
 * The official planner's random draws: for a model that sees the future, a random end of the plan per sample, so that
 * it learns plans of every length; independent levels; and for half of the batches nearly clean start tokens, as at
 * sampling time.
 */
export function drawPlanningLevels(
  random: Pick<RandomStream, "integer" | "uniform">,
  sizes: NoiseLevelSizes,
  options: { readonly causal: boolean },
): PlanningDraws {
  const { batch, tokens, levels } = sizes;
  const integers = (low: number, high: number) =>
    tensor(Int32Array.from({ length: batch }, () => random.integer(low, high)));
  const terminal = options.causal || tokens < 2 ? {} : { terminal: integers(2, tokens + 1) };
  const base = independentNoiseLevels(random, sizes);
  const startIsNearlyClean = random.uniform() < 0.5;
  return {
    ...terminal,
    base,
    ...(startIsNearlyClean ? { start: integers(1, Math.max(1, Math.floor(levels / 4)) + 1) } : {}),
  };
}

/**
 * The official planner's rule, deterministic: tokens from `terminal` on count as absent; tokens without a present
 * frame are pure noise; the start token's own level, where one was drawn, overrides that.
 *
 * @param frameMask bool [B, T * framesPerToken]: 0 for frames after the end of an episode. Absent: all exist.
 */
export function planningLevels(
  draws: PlanningDraws,
  sizes: PlanningSizes,
  frameMask?: HostTensor<"bool">,
): PlanningLevels {
  const { batch, tokens, levels, framesPerToken } = sizes;
  const frames = tokens * framesPerToken;
  const present = zeros("bool", [batch, frames]);
  const weights = zeros("float32", [batch, frames]);
  for (let at = 0; at < batch * frames; at++) {
    const token = Math.floor((at % frames) / framesPerToken);
    const terminal = draws.terminal?.data[Math.floor(at / frames)] ?? tokens;
    const alive = token < terminal;
    const exists = frameMask === undefined || frameMask.data[at] !== 0;
    present.data[at] = exists && alive ? 1 : 0;
    weights.data[at] = exists ? (alive ? 1 : ABSENT_WEIGHT) : 0;
  }
  const noiseLevels = maskNoiseLevels(draws.base, present, levels);
  for (let sample = 0; draws.start !== undefined && sample < batch; sample++) {
    noiseLevels.data[sample * tokens] = draws.start.data[sample] as number;
  }
  return { noiseLevels, frameWeights: weights, presentFrames: present };
}
