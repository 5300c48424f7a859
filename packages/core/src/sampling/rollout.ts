import { DiffusionForcingError, throwIfAborted } from "../engine/errors.js";
import { noiseSources, splitSources } from "./noise-source.js";
import { RolloutMemory } from "./past/memory.js";
import { conditionOf, type NextChunk, type Past } from "./past/past.js";
import { RolloutWindow } from "./past/window.js";
import { matrixFrom, pyramid } from "./plan/matrix-shapes.js";
import { checkedRollout, type RolloutChunk, type RolloutOptions, type RolloutSampler } from "./rollout-options.js";
import { clippedRows, startTokens } from "./start.js";

/**
 * Generates a sequence chunk by chunk (Chen et al. 2024, section 3.4): each chunk starts as noise after the tokens so far
 * and is denoised with those as clean past. What is kept of the past has constant size, so a rollout may go on for ever.
 *
 * @yields each new chunk, as soon as it is clean.
 * @throws `invalid-argument`, `shape-mismatch`, `invalid-data`, `aborted`
 */
export async function* rollout(sampler: RolloutSampler, options: RolloutOptions): AsyncGenerator<RolloutChunk> {
  const given = checkedRollout(sampler, options);
  const { length, chunk, batch, matrix = pyramid(), resume, context, signal } = given;
  const sources = noiseSources("rollout", given.seed, batch);
  const past: Past =
    given.memory === "cache"
      ? await RolloutMemory.open(sampler, given, sources)
      : new RolloutWindow(sampler, given, sources);
  let done = resume?.done ?? 0;
  let position = resume?.position ?? context?.shape[1] ?? 0;
  try {
    while (done < length) {
      throwIfAborted(signal);
      const size = Math.min(chunk, length - done);
      const random = splitSources(sources, done);
      const condition = sampler.start && conditionOf(sampler, given, position, size);
      const next: NextChunk = {
        size,
        position,
        noise: await startTokens(sampler, random, batch, size, { condition, signal }),
        rows: clippedRows(sampler, matrixFrom(matrix, sampler.timesteps, size).rows),
        random: splitSources(random, "steps"),
      };
      const { tokens, taken, calls } = await past.extend(next);
      const first = position;
      done += size;
      position += size;
      const at = { done, position };
      yield {
        tokens,
        position: first,
        evaluations: taken * sampler.evaluationsPerStep,
        calls,
        snapshot: async () => {
          if (at.done !== done) {
            throw new DiffusionForcingError(
              "invalid-argument",
              `snapshot: the state after ${at.done} tokens is gone, the rollout is at ${done}. Take it before asking for the next chunk.`,
            );
          }
          return { ...at, ...(await past.state()) };
        },
      };
    }
  } finally {
    past.dispose();
  }
}
