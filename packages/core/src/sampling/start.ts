import * as v from "valibot";
import type { Diffusion } from "../diffusion/diffusion.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { shapesEqual } from "../engine/tensor/shape.js";
import { checkHostTensor, type HostTensor } from "../engine/tensor/tensor.js";
import { unlessAborted } from "../engine/unless-aborted.js";
import { drawNoise, type NoiseSources } from "./noise-source.js";
import { scaled } from "./tokens.js";

/** What a prior makes tokens from. */
export interface StartRequest {
  /** Standard normal, limited, float32 [B, T, ...tokenShape]; drawn from the call's seed. */
  readonly noise: HostTensor<"float32">;
  /** The noise level at which each token is wanted, T entries of 0..K. */
  readonly levels: Int32Array;
  /** float32 [B, T, D], for a conditioned model. */
  readonly condition?: HostTensor;
}

/** Makes tokens of given noise levels, float32 [B, T, ...tokenShape]. */
export type StartPrior = (request: StartRequest) => HostTensor | Promise<HostTensor>;

/**
 * Where generated tokens start in place of pure noise (truncated diffusion, Zheng et al. 2023): at a level below K, with
 * what the prior makes. All of a sampler's timesteps then lie between that level and 0, and matrices mean what they do
 * without: their highest index is the start.
 */
export interface Start {
  /**
   * 1..K, for all tokens, or one for each place among the tokens that are generated together (the last also for those
   * beyond); each is rounded to the nearest level that the sampler visits.
   */
  readonly level: number | readonly number[];
  readonly prior: StartPrior;
}

export const startSchema: v.GenericSchema<Start> = v.strictObject({
  level: v.union(
    [schemas.integer(1), v.pipe(v.array(schemas.integer(1)), v.minLength(1))],
    "a level from 1, or one for each place",
  ),
  prior: schemas.function<StartPrior>(),
}) as unknown as v.GenericSchema<Start>;

/** The highest level at which tokens start. @throws `invalid-argument` for a level above K. */
export function startLevel(levels: number, start: Start | undefined): number {
  if (start === undefined) return levels;
  const { level } = check("sampler: start", startSchema, start);
  const highest = typeof level === "number" ? level : level.reduce((most, one) => Math.max(most, one));
  if (highest <= levels) return highest;
  throw new DiffusionForcingError(
    "invalid-argument",
    `sampler: start.level is ${highest}; expected a level from 1 to ${levels}.`,
  );
}

/** What starting takes of a sampler. */
export interface Starting {
  readonly diffusion: Diffusion;
  readonly levels: Int32Array;
  readonly start?: Start | undefined;
}

/** The tokens that a stretch of `length` starts from, float32 [B, length, ...tokenShape], drawn under "start". */
export async function startTokens(
  { diffusion: { model, process }, levels, start }: Starting,
  sources: NoiseSources,
  batch: number,
  length: number,
  {
    condition,
    signal,
  }: { readonly condition?: HostTensor | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<HostTensor<"float32">> {
  const shape = [batch, length, ...model.tokenShape];
  const noise = drawNoise(sources, ["start"], shape, process.noiseClip);
  if (start === undefined) return scaled(noise, process.priorScale);
  const at = Int32Array.from({ length }, (_, t) => levels[startIndex(levels, start, t)] as number);
  const asked = start.prior({ noise, levels: at, ...(condition === undefined ? {} : { condition }) });
  const made = await unlessAborted(asked, signal);
  const { dtype, data } = checkHostTensor("sampler: what start.prior made", made);
  const isWhole = dtype === "float32" && shapesEqual(made.shape, shape) && data.every(Number.isFinite);
  if (isWhole) return made as HostTensor<"float32">;
  throw new DiffusionForcingError(
    "shape-mismatch",
    `sampler: start.prior made ${formatType(made)}; expected finite float32[${shape.join(", ")}].`,
  );
}

/** Rows in which no token stands above its start. */
export function clippedRows({ levels, start }: Starting, rows: readonly Int32Array[]): readonly Int32Array[] {
  if (start === undefined || typeof start.level === "number") return rows;
  return rows.map((row) => row.map((index, t) => Math.min(index, startIndex(levels, start, t))));
}

/** The index of the level nearest to a token's start. */
function startIndex(levels: Int32Array, { level }: Start, token: number): number {
  if (typeof level === "number") return levels.length - 1;
  const wanted = level[Math.min(token, level.length - 1)] as number;
  return levels.reduce((best, one, i) => {
    return Math.abs(one - wanted) < Math.abs((levels[best] as number) - wanted) ? i : best;
  }, 0);
}
