import type { Backend } from "../backend/contract.js";
import type { DiffusionProcess } from "../diffusion/loss.js";
import { samplingLevels } from "../diffusion/sampling-levels.js";
import { DiffusionForcingError, throwIfAborted } from "../errors.js";
import { buildGraph } from "../graph/graph.js";
import { input } from "../graph/trace.js";
import type { TensorType, Value, ValueOf } from "../graph/value.js";
import { describeTokens, holdsTokens } from "../models/model.js";
import { checkParameters } from "../models/parameters.js";
import type { RandomStream } from "../random/index.js";
import { parameterName } from "../sampling/step-graph.js";
import { sizeOf } from "../tensor/shape.js";
import {
  disposeTensor,
  type HostTensor,
  type HostTensorRecord,
  readTensor,
  type Tensor,
  tensor,
  zeros,
} from "../tensor/tensor.js";
import { elboStep, type Reconstruction } from "./elbo-step.js";

export interface ElboOptions {
  readonly backend: Backend;
  readonly parameters: HostTensorRecord;
  /** Clean sequences, float32 [B, T, ...tokenShape]. */
  readonly tokens: HostTensor;
  /** S: level indices run 0..S, as in the sampler. */
  readonly steps: number;
  /**
   * The order in which noise is taken away: rows of level indices, never rising. A token that falls from S to 0 is
   * scored; one that stays at 0 is given; one that stays at S is missing and marginalised.
   */
  readonly rows: readonly ArrayLike<number>[];
  /** How often the noise is drawn; the more, the smaller the standard error. Default 1. */
  readonly draws?: number;
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
  readonly signal?: AbortSignal;
}

export interface ElboResult {
  /** A lower bound of log p(scored tokens | given tokens) of each sequence, in nats. */
  readonly nats: Float64Array;
  /** Its standard error over the draws; NaN for a single draw. */
  readonly standardErrors: Float64Array;
  /** Minus the mean bound over numbers scored, in bits: smaller is better. Infinite if nothing is scored. */
  readonly bitsPerDimension: number;
}

/**
 * The variational bound on the likelihood of any part of a sequence given any other (Chen et al. 2024, theorem 3.1):
 * whichever order of levels the rows take, -prior - sum of steps - reconstruction bounds log p from below, and training
 * with independent levels optimises all of these bounds at once.
 *
 * @throws `shape-mismatch`, `invalid-argument`, `invalid-scheduling-matrix` for rows that rise, or columns that neither
 *   stay nor fall from S to 0, `checkpoint-mismatch`, `aborted`.
 */
export async function evidenceLowerBound(process: DiffusionProcess, options: ElboOptions): Promise<ElboResult> {
  const { backend, parameters, tokens, rows, draws = 1, random, condition, signal } = options;
  const { variance = 1, reconstruction = { kind: "normal" } } = options;
  const scored = checkOptions(process, options);
  const [batch, length] = tokens.shape as [number, number];
  const levels = samplingLevels(process.schedule.levels, options.steps);
  const graph = elboGraph(process, tokens, variance, reconstruction);
  const constants = Object.entries(parameters).map(([name, value]) => [parameterName(name), value] as const);
  const executable = await backend.compile(graph, { constants: Object.fromEntries(constants) });
  const at = (row: ArrayLike<number>): HostTensor =>
    tensor(
      Int32Array.from({ length: batch * length }, (_, i) => levels[row[i % length] as number] as number),
      [batch, length],
    );
  const prior = priorNats(process, tokens, scored);
  const results: Float64Array[] = [];
  try {
    for (let draw = 0; draw < draws; draw++) {
      const bound = prior.map((nats) => -nats);
      for (let m = 1; m < rows.length; m++) {
        throwIfAborted(signal);
        const [from, to] = [rows[m - 1] as ArrayLike<number>, rows[m] as ArrayLike<number>];
        if (Array.from(from).every((level, t) => level === to[t])) continue;
        const noise = zeros("float32", tokens.shape);
        random.split(draw).split(m).fillNormal(noise.data, { clip: process.clipNoise });
        const given = { tokens, from: at(from), to: at(to), noise, ...(condition ? { condition } : {}) };
        const { nats } = await executable.run(given);
        const { data } = await readTensor(nats as Tensor);
        disposeTensor(nats as Tensor);
        for (let b = 0; b < batch; b++) bound[b]! -= data[b] as number;
      }
      results.push(bound);
    }
  } finally {
    executable.dispose();
  }
  return summary(results, (scored.filter(Boolean).length * sizeOf(tokens.shape.slice(2))) as number);
}

function elboGraph(process: DiffusionProcess, tokens: HostTensor, variance: number, reconstruction: Reconstruction) {
  const { model } = process;
  const [batch, length] = tokens.shape as [number, number];
  const declared: ValueOf<"input">[] = [];
  const declare = (name: string, type: TensorType): Value => {
    const value = input(name, type);
    declared.push(value);
    return value;
  };
  const named = Object.entries(model.parameters).map(([name, { shape }]) => [
    name,
    declare(parameterName(name), { dtype: "float32", shape }),
  ]);
  const sequence = { dtype: "float32", shape: tokens.shape } as const;
  const levels = { dtype: "int32", shape: [batch, length] } as const;
  const inputs = {
    tokens: declare("tokens", sequence),
    from: declare("from", levels),
    to: declare("to", levels),
    noise: declare("noise", sequence),
    ...(model.conditionFeatures > 0
      ? { condition: declare("condition", { dtype: "float32", shape: [batch, length, model.conditionFeatures] }) }
      : {}),
  };
  return buildGraph(declared, {
    nats: elboStep(process, Object.fromEntries(named), inputs, variance, reconstruction),
  });
}

/** KL(q(x^K | x0) || N(0, 1)) of the scored tokens of each sequence: what level K still tells of them. */
function priorNats(process: DiffusionProcess, tokens: HostTensor, scored: readonly boolean[]): Float64Array {
  const alpha = process.schedule.tables.alphasCumprod[process.schedule.levels] as number;
  const size = sizeOf(tokens.shape.slice(2));
  const result = new Float64Array(tokens.shape[0] as number);
  for (let i = 0; i < tokens.data.length; i++) {
    const token = Math.floor(i / size);
    if (!scored[token % scored.length]) continue;
    const x0 = tokens.data[i] as number;
    result[Math.floor(token / scored.length)]! += 0.5 * (alpha * x0 * x0 - alpha - Math.log(1 - alpha));
  }
  return result;
}

function summary(results: readonly Float64Array[], dimensions: number): ElboResult {
  const draws = results.length;
  const nats = Float64Array.from(results[0] as Float64Array, (_, b) =>
    results.reduce((total, bound) => total + (bound[b] as number) / draws, 0),
  );
  const standardErrors = nats.map((mean, b) => {
    const squares = results.reduce((total, bound) => total + ((bound[b] as number) - mean) ** 2, 0);
    return Math.sqrt(squares / (draws - 1) / draws);
  });
  const average = nats.reduce((total, value) => total + value, 0) / nats.length;
  return { nats, standardErrors, bitsPerDimension: -average / dimensions / Math.LN2 };
}

/** @returns which tokens are scored. */
function checkOptions(process: DiffusionProcess, options: ElboOptions): boolean[] {
  const { tokens, rows, steps, draws = 1, variance = 1, condition, parameters, reconstruction } = options;
  checkParameters(process.model, parameters);
  if (!holdsTokens(process.model, tokens)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `evidenceLowerBound: the tokens are ${tokens.dtype}[${tokens.shape.join(", ")}]; expected ${describeTokens(process.model)}.`,
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
  const length = tokens.shape[1] as number;
  return Array.from({ length }, (_, t) => {
    const column = rows.map((row) => row[t] ?? -1);
    const legal = column.every((index, m) => index >= 0 && index <= (column[m - 1] ?? steps) && index <= steps);
    const [first, last] = [column[0], column.at(-1)];
    const isScored = first === steps && last === 0;
    if (legal && rows.every((row) => row.length === length) && (isScored || first === last)) return isScored;
    throw new DiffusionForcingError(
      "invalid-scheduling-matrix",
      `evidenceLowerBound: column ${t} runs ${column.join(", ")}; expected ${length} columns that fall from ${steps} to 0 (scored) or stay (given at 0, missing at ${steps}).`,
    );
  });
}
