import { DiffusionForcingError } from "../engine/errors.js";
import type { RandomStream } from "../engine/random/index.js";
import { formatShape } from "../engine/tensor/shape.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";

/** The one draw that noise levels need. */
export type IntegerSource = Pick<RandomStream, "integer">;

/** How many sequences and tokens levels are drawn for, and K. */
export interface NoiseLevelSizes {
  readonly batch: number;
  readonly tokens: number;
  /** K of the noise schedule. */
  readonly levels: number;
}

/**
 * Independent and uniform over 1..K for every token (Chen et al. 2024, Algorithm 1). Level 0 is not drawn: there is
 * nothing to learn from a clean token.
 *
 * @returns int32 [B, T].
 */
export function independentNoiseLevels(random: IntegerSource, sizes: NoiseLevelSizes): HostTensor<"int32"> {
  const { batch, tokens, levels } = sizes;
  const data = Int32Array.from({ length: batch * tokens }, () => random.integer(1, levels + 1));
  return tensor(data, [batch, tokens]);
}

/** When {@link stepwiseNoiseLevels} gives a token to the model (almost) clean. Probabilities, 0..1. */
export interface GivenTokens {
  /** Of any token. Default 0. */
  readonly any?: number;
  /** Of the first token, in addition. Default 0. */
  readonly first?: number;
}

/**
 * The levels of the paper's recurrent models (official code, paper branch): one uniform level 1..K for every token, but
 * with the given probabilities a token has level 1, the least noise, in the whole batch.
 *
 * Draws run token by token: a uniform number against `any`; for the first token, if that failed, another against
 * `first`; then, if the token is not given, one level for each sample.
 *
 * @returns int32 [B, T].
 * @throws `invalid-argument` for a probability outside 0..1.
 */
export function stepwiseNoiseLevels(
  random: Pick<RandomStream, "integer" | "uniform">,
  sizes: NoiseLevelSizes,
  given: GivenTokens = {},
): HostTensor<"int32"> {
  const { batch, tokens, levels } = sizes;
  const { any = 0, first = 0 } = given;
  if (!(any >= 0 && any <= 1 && first >= 0 && first <= 1)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `stepwiseNoiseLevels: tokens are given with probability ${any}, the first with ${first}; expected numbers from 0 to 1.`,
    );
  }
  const data = new Int32Array(batch * tokens);
  for (let token = 0; token < tokens; token++) {
    const isGiven = random.uniform() <= any || (token === 0 && random.uniform() <= first);
    for (let sample = 0; sample < batch; sample++) {
      data[sample * tokens + token] = isGiven ? 1 : random.integer(1, levels + 1);
    }
  }
  return tensor(data, [batch, tokens]);
}

/**
 * Levels in which every token whose frames are all masked is pure noise: nothing may be read out of it. A token with
 * at least one frame left keeps its level.
 *
 * @param noiseLevels int32 [B, T].
 * @param frameMask bool [B, T * n]: 1 where a frame exists; n consecutive frames make a token.
 * @param levels K.
 * @returns int32 [B, T], a new tensor.
 * @throws `shape-mismatch` if the frames do not divide evenly among the tokens.
 */
export function maskNoiseLevels(
  noiseLevels: HostTensor<"int32">,
  frameMask: HostTensor<"bool">,
  levels: number,
): HostTensor<"int32"> {
  const [batch, tokens] = noiseLevels.shape as [number, number];
  const [maskBatch, frames] = frameMask.shape as [number, number];
  const perToken = frames / tokens;
  if (frameMask.shape.length !== 2 || maskBatch !== batch || !Number.isInteger(perToken)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `maskNoiseLevels: the mask is ${formatShape(frameMask.shape)}; expected [${batch}, a multiple of ${tokens}] for levels ${formatShape(noiseLevels.shape)}.`,
    );
  }
  const data = noiseLevels.data.map((level, token) => {
    const present = frameMask.data.subarray(token * perToken, (token + 1) * perToken).some((frame) => frame !== 0);
    return present ? level : levels;
  });
  return tensor(data, [batch, tokens]);
}

/** @throws `invalid-noise-levels` unless every entry lies in 0..K. */
export function checkNoiseLevels(noiseLevels: HostTensor<"int32">, levels: number): void {
  const at = noiseLevels.data.findIndex((level) => level < 0 || level > levels);
  if (at >= 0) {
    throw new DiffusionForcingError(
      "invalid-noise-levels",
      `Noise level ${noiseLevels.data[at]} at element ${at} of ${formatShape(noiseLevels.shape)} is outside 0..${levels}.`,
    );
  }
}
