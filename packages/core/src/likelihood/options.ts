import type { Backend } from "../engine/backend/contract.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import type { RandomStream } from "../engine/random/index.js";
import type { HostTensor, HostTensorRecord } from "../engine/tensor/tensor.js";
import { describeTokens, holdsTokens } from "../models/model.js";
import { checkParameters } from "../models/parameters.js";
import type { DiffusionProcess } from "../process/loss.js";
import { samplingLevels } from "../process/sampling-levels.js";
import type { Reconstruction } from "./elbo-step.js";

export interface ElboOptions {
  readonly backend: Backend;
  readonly parameters: HostTensorRecord;
  /** Clean sequences, float32 [B, T, ...tokenShape]. */
  readonly tokens: HostTensor;
  /** S: level indices run 0..S, as in the sampler. */
  readonly steps: number;
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
   * process's `clipNoise`: limited noise is no draw of q, and what comes out no bound (a quadratic cost would miss 8 % of
   * the noise's variance at a limit of 2, 4e-9 of it at 6). A limit on the noise that the network predicts is part of
   * the model and stays.
   */
  readonly random: RandomStream;
  /**
   * Variance of the reverse steps between its bounds, 0..1, as in `ddpmStep`. Default 1: where data have a density, it is
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

/**
 * @returns the noise level of each index, which tokens are scored, and the rows m whose indices differ from those before:
 *   the steps of a draw.
 * @throws as `evidenceLowerBound`
 */
export function checkOptions(
  process: DiffusionProcess,
  options: ElboOptions,
): { readonly levels: Int32Array; readonly scored: readonly boolean[]; readonly moves: readonly number[] } {
  const { tokens, draws = 1, variance = 1, condition, parameters, reconstruction, rows, resume } = options;
  checkParameters(process.model, parameters);
  if (!holdsTokens(process.model, tokens)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `evidenceLowerBound: the tokens are ${formatType(tokens)}; expected ${describeTokens(process.model)}.`,
    );
  }
  const cells = reconstruction?.kind === "grid" ? reconstruction.values : 2;
  if (!(Number.isInteger(draws) && draws >= 1 && variance >= 0 && variance <= 1 && cells >= 2)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `evidenceLowerBound: ${draws} draws, variance ${variance}, ${cells} values; expected draws from 1, a variance in 0..1, a grid of 2 values or more.`,
    );
  }
  if ((condition === undefined) !== (process.model.conditionFeatures === 0)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      "evidenceLowerBound: give a condition exactly if the model takes one.",
    );
  }
  const levels = samplingLevels(process.schedule.levels, options.steps);
  const scored = scoredColumns(options);
  const moves = rows.flatMap((row, m) => {
    const before = rows[m - 1] ?? row;
    return Array.from(row).some((index, t) => index !== before[t]) ? [m] : [];
  });
  const [batch] = tokens.shape;
  const { step = 0, nats = [] } = resume ?? {};
  const begun = Math.ceil(step / moves.length);
  const isStep = Number.isInteger(step) && step >= 0 && step <= draws * moves.length;
  if (!isStep || nats.length !== begun || nats.some(({ length }) => length !== batch)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `evidenceLowerBound: a state after step ${step} with nats of ${nats.length} draws over ${nats[0]?.length} sequences; expected at most ${draws * moves.length} steps, ${begun} draws and ${batch} sequences. Resume with the options the state comes from.`,
    );
  }
  return { levels, scored, moves };
}

function scoredColumns({ tokens, rows, steps }: ElboOptions): boolean[] {
  const length = tokens.shape[1] as number;
  const refuse = (found: string): never => {
    throw new DiffusionForcingError(
      "invalid-scheduling-matrix",
      `evidenceLowerBound: ${found}; expected ${length} columns of level indices that fall from ${steps} to 0 (scored, at least one of them) or stay (given at 0, missing at ${steps}, given through noise in between).`,
    );
  };
  const scored = Array.from({ length }, (_, t) => {
    const column = rows.map((row) => row[t] ?? -1);
    const legal = column.every(
      (index, m) => Number.isInteger(index) && index >= 0 && index <= (column[m - 1] ?? steps),
    );
    const [first, last] = [column[0], column.at(-1)];
    const isScored = first === steps && last === 0;
    const isWhole = rows.every((row) => row.length === length);
    if (!legal || !isWhole || !(isScored || first === last)) refuse(`column ${t} runs ${column.join(", ")}`);
    return isScored;
  });
  if (!scored.includes(true)) refuse("every column stays");
  return scored;
}
