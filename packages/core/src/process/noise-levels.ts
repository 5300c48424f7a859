import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import type { RandomStream } from "../engine/random/index.js";
import { formatShape } from "../engine/tensor/shape.js";
import { checkHostTensor, type HostTensor, tensor } from "../engine/tensor/tensor.js";

/** The one draw that noise levels need. */
export type IntegerSource = Pick<RandomStream, "integer">;

/** How many sequences and tokens levels are drawn for, and K. */
export interface NoiseLevelSizes {
  readonly batch: number;
  readonly tokens: number;
  /** K of the noise schedule. */
  readonly levels: number;
}

const levelCount = schemas.integer(1);
/** Not strict: tasks draw levels by sizes of their own that say more. */
const sizesSchema = v.object({ batch: schemas.integer(0), tokens: schemas.integer(0), levels: levelCount });
const probability = v.optional(schemas.number(0, 1), 0);
const givenSchema = v.strictObject({ any: probability, first: probability });

/**
 * Independent and uniform over 1..K for every token (Chen et al. 2024, Algorithm 1). Level 0 is not drawn: there is
 * nothing to learn from a clean token.
 *
 * @returns int32 [B, T].
 * @throws `invalid-argument`
 */
export function independentNoiseLevels(random: IntegerSource, sizes: NoiseLevelSizes): HostTensor<"int32"> {
  const { batch, tokens, levels } = check("independentNoiseLevels", sizesSchema, sizes);
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
  const { batch, tokens, levels } = check("stepwiseNoiseLevels", sizesSchema, sizes);
  const { any, first } = check("stepwiseNoiseLevels: the tokens given", givenSchema, given);
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
 * @throws `shape-mismatch` if the frames do not divide evenly among the tokens; `dtype-mismatch`, `invalid-argument`,
 *   `invalid-data` for what is no such tensor.
 */
export function maskNoiseLevels(
  noiseLevels: HostTensor<"int32">,
  frameMask: HostTensor<"bool">,
  levels: number,
): HostTensor<"int32"> {
  check("maskNoiseLevels: the number of levels", levelCount, levels);
  const given = checkType("maskNoiseLevels: the noise levels", noiseLevels, "int32");
  const mask = checkType("maskNoiseLevels: the mask", frameMask, "bool");
  const [batch, tokens] = given.shape as [number, number];
  const [maskBatch, frames] = mask.shape as [number, number];
  const perToken = frames / tokens;
  if (given.shape.length !== 2 || mask.shape.length !== 2 || maskBatch !== batch || !Number.isInteger(perToken)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `maskNoiseLevels: the mask is ${formatShape(mask.shape)}; expected [${batch}, a multiple of ${tokens}] for levels ${formatShape(given.shape)}.`,
    );
  }
  const data = given.data.map((level, token) => {
    const present = mask.data.subarray(token * perToken, (token + 1) * perToken).some((frame) => frame !== 0);
    return present ? level : levels;
  });
  return tensor(data, [batch, tokens]);
}

function checkType<D extends "int32" | "bool">(what: string, value: unknown, dtype: D): HostTensor<D> {
  const given = checkHostTensor(what, value);
  if (given.dtype === dtype) return given as HostTensor<D>;
  throw new DiffusionForcingError("dtype-mismatch", `${what} are ${formatType(given)}; expected ${dtype}.`);
}

/** @throws `invalid-noise-levels` unless every entry lies in 0..K; `dtype-mismatch`, `invalid-argument` for no such tensor. */
export function checkNoiseLevels(noiseLevels: HostTensor<"int32">, levels: number): void {
  check("checkNoiseLevels: the number of levels", levelCount, levels);
  checkType("The noise levels", noiseLevels, "int32");
  const at = noiseLevels.data.findIndex((level) => level < 0 || level > levels);
  if (at >= 0) {
    throw new DiffusionForcingError(
      "invalid-noise-levels",
      `Noise level ${noiseLevels.data[at]} at element ${at} of ${formatShape(noiseLevels.shape)} is outside 0..${levels}.`,
    );
  }
}
