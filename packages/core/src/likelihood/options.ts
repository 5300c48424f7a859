import * as v from "valibot";
import type { Diffusion } from "../diffusion/diffusion.js";
import { backendSchema } from "../engine/backend/backend-schema.js";
import type { Backend } from "../engine/backend/contract.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { RandomStream } from "../engine/random/index.js";
import type { HostTensor, HostTensorRecord } from "../engine/tensor/tensor.js";
import { typedArrayName } from "../engine/typed-array-name.js";
import { checkParameters } from "../models/parameters.js";
import { timestepLevels } from "../process/timesteps.js";
import { checkRows } from "../sampling/plan/scheduling-matrix.js";
import { checkCondition, checkTokens } from "../sampling/request.js";
import type { Reconstruction } from "./elbo-step.js";

export interface ElboOptions {
  readonly backend: Backend;
  readonly parameters: HostTensorRecord;
  /** Clean sequences, float32 [B, T, ...tokenShape]. */
  readonly tokens: HostTensor;
  /** S: level indices run 0..S, as in the sampler. */
  readonly timesteps: number;
  /**
   * The order in which noise is taken away: rows of level indices, never rising. A token that falls from S to 0 is
   * scored; one that stays at 0 is given; one that stays at S is missing and marginalised. One that stays in between is
   * given through noise of that level: the bound is then an average over such noisy sights, drawn from the clean token.
   */
  readonly rows: readonly ArrayLike<number>[];
  /** How often the noise is drawn; the more, the smaller the standard error. Default 1. */
  readonly draws?: number;
  /**
   * What a step draws depends on its draw and row only. Unlike in training and sampling, the noise is not limited to the
   * process's `noiseClip`: limited noise is no draw of q, and what comes out no bound (a quadratic cost would miss 8 % of
   * the noise's variance at a limit of 2, 4e-9 of it at 6). A limit on the noise that the network predicts is part of
   * the model and stays.
   */
  readonly seed: number | RandomStream;
  /**
   * Variance of the reverse steps between its bounds, 0..1, as of the solver `ancestral`. Default 1: where data have a density, it is
   * right near level 0, and the bound becomes tight with more steps. With 0 it keeps a gap however many steps there are,
   * since the signal-to-noise ratios of the lowest levels lie far apart.
   */
  readonly variance?: number;
  /** Default normal. */
  readonly reconstruction?: Reconstruction;
  /** float32 [B, T, D], for a conditioned model. */
  readonly condition?: HostTensor;
  /** Where to go on from; the other options as in the work it comes from, but for more `draws`. */
  readonly resume?: ElboState;
  readonly signal?: AbortSignal;
}

/** All that is needed to go on after a step: plain data, fit for `structuredClone` or a file. */
export interface ElboState {
  /** Steps done, of all draws. */
  readonly step: number;
  /** Nats of each sequence so far, [B], one for every draw begun. */
  readonly nats: readonly Float64Array[];
}

function isNats(value: unknown): boolean {
  return typedArrayName(value) === "Float64Array" && (value as Float64Array).every(Number.isFinite);
}

const schema = v.strictObject({
  backend: backendSchema,
  parameters: schemas.having<HostTensorRecord>("weights by parameter name"),
  tokens: schemas.having<HostTensor>("a tensor on the host", "dtype", "shape", "data"),
  timesteps: schemas.integer(1),
  rows: v.custom<ElboOptions["rows"]>(Array.isArray, "rows of level indices"),
  draws: v.optional(schemas.integer(1)),
  seed: v.custom<ElboOptions["seed"]>(
    (value) => v.is(schemas.integer(0), value) || v.is(schemas.having("", "split"), value),
    "a whole number from 0 or a RandomStream",
  ),
  variance: v.optional(schemas.number(0, 1)),
  reconstruction: v.optional(
    v.variant("kind", [
      v.strictObject({ kind: v.literal("normal") }),
      v.strictObject({ kind: v.literal("grid"), values: schemas.integer(2) }),
    ]),
  ),
  condition: v.optional(schemas.having<HostTensor>("a tensor on the host", "dtype", "shape", "data")),
  resume: v.optional(
    v.strictObject({
      step: schemas.integer(0),
      nats: schemas.satisfying<ElboState["nats"]>(
        "a Float64Array of finite numbers for each draw begun, which JSON does not keep",
        (value) => Array.isArray(value) && value.every(isNats),
      ),
    }),
  ),
  signal: v.optional(schemas.having<AbortSignal>("an AbortSignal", "aborted")),
});

/**
 * @returns the noise level of each index, which tokens are scored, and the rows m whose indices differ from those before:
 *   the steps of a draw.
 * @throws as `evidenceLowerBound`
 */
export function checkOptions(
  diffusion: Diffusion,
  options: ElboOptions,
): { readonly levels: Int32Array; readonly scored: readonly boolean[]; readonly moves: readonly number[] } {
  const {
    tokens,
    draws = 1,
    condition,
    parameters,
    rows,
    resume,
    timesteps,
  } = check("evidenceLowerBound", schema, options) as ElboOptions;
  const { model, process } = diffusion;
  checkParameters(model, parameters);
  checkTokens("evidenceLowerBound", "tokens", model, tokens);
  checkCondition("evidenceLowerBound", model, condition, tokens.shape[0] as number, tokens.shape[1] as number);
  const levels = timestepLevels(process.levels, timesteps);
  const scored = scoredColumns(options);
  const moves = rows.flatMap((row, m) => {
    const before = rows[m - 1] ?? row;
    return Array.from(row).some((index, t) => index !== before[t]) ? [m] : [];
  });
  const batch = tokens.shape[0] as number;
  const { step = 0, nats = [] } = resume ?? {};
  const begun = Math.ceil(step / moves.length);
  if (step > draws * moves.length || nats.length !== begun || nats.some(({ length }) => length !== batch)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `evidenceLowerBound: a state after step ${step} with nats of ${nats.length} draws over ${nats.map(({ length }) => length).join(", ") || "no"} sequences; expected at most ${draws * moves.length} steps, ${begun} draws and ${batch} sequences. Resume with the options the state comes from.`,
    );
  }
  return { levels, scored, moves };
}

function scoredColumns({ tokens, rows, timesteps }: ElboOptions): boolean[] {
  const length = tokens.shape[1] as number;
  checkRows(rows, timesteps, length);
  const refuse = (found: string): never => {
    throw new DiffusionForcingError(
      "invalid-scheduling-matrix",
      `evidenceLowerBound: ${found}; expected columns that fall from ${timesteps} to 0 (scored, at least one of them) or stay (given at 0, missing at ${timesteps}, given through noise in between).`,
    );
  };
  const scored = Array.from({ length }, (_, t) => {
    const [first, last] = [rows[0], rows.at(-1)].map((row) => (row as ArrayLike<number>)[t]);
    const isScored = first === timesteps && last === 0;
    if (!isScored && first !== last) refuse(`column ${t} falls from ${first} to ${last}`);
    return isScored;
  });
  if (!scored.includes(true)) refuse("every column stays");
  return scored;
}
