import type { HostTensor } from "../../engine/tensor/tensor.js";
import { drawNoise, type NoiseSources } from "../noise-source.js";
import { checkCondition } from "../request.js";
import type { CheckedRollout, RolloutSampler, RolloutState } from "../rollout-options.js";
import { joinTokens, sliceTokens } from "../tokens.js";

/** The chunk that a rollout is about to denoise. */
export interface NextChunk {
  readonly size: number;
  /** The place of its first token in the whole sequence. */
  readonly position: number;
  /** Where its noise starts, float32 [B, size, ...]. */
  readonly noise: HostTensor<"float32">;
  readonly rows: readonly Int32Array[];
  readonly random: NoiseSources;
}

/** A chunk's clean tokens, how many predictions they took, and how many runs of the model in sequence. */
export interface ExtendedBy {
  readonly tokens: HostTensor;
  readonly taken: number;
  readonly calls: number;
}

/** What a rollout knows of the past, and how it denoises a chunk after it. */
export interface Past {
  /** Denoises the chunk and takes it in. */
  extend(chunk: NextChunk): Promise<ExtendedBy>;
  state(): Promise<Pick<RolloutState, "tokens" | "memory">>;
  dispose(): void;
}

/** The condition of `count` tokens from token `first`, checked. */
export function conditionOf(
  sampler: RolloutSampler,
  { condition, batch }: CheckedRollout,
  first: number,
  count: number,
): HostTensor | undefined {
  const found =
    typeof condition === "function" ? condition(first, count) : condition && sliceTokens(condition, first, count);
  checkCondition("rollout", sampler.diffusion.model, found, batch, count);
  return found;
}

/** Noise that hides the history from a view, each token's by its place, however it is read. */
export function historyNoise(
  sources: NoiseSources,
  shape: readonly number[],
  position: number,
  clip: number,
): HostTensor<"float32"> {
  const [batch, count, ...token] = shape as [number, number, ...number[]];
  const tokens = Array.from({ length: count }, (_, t) =>
    drawNoise(sources, ["history", position + t], [batch, 1, ...token], clip),
  );
  return tokens.reduce((all, one) => joinTokens(all, one) as HostTensor<"float32">);
}
