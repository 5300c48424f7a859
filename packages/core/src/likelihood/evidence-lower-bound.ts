import type { Diffusion } from "../diffusion/diffusion.js";
import { breathe } from "../engine/breathe.js";
import { throwIfAborted } from "../engine/errors.js";
import { buildGraph } from "../engine/graph/graph.js";
import { input } from "../engine/graph/trace.js";
import type { TensorType, Value, ValueOf } from "../engine/graph/value.js";
import { createRandom } from "../engine/random/index.js";
import { sizeOf } from "../engine/tensor/shape.js";
import { disposeTensor, type HostTensor, readTensor, type Tensor, tensor, zeros } from "../engine/tensor/tensor.js";
import { weightsOf } from "../models/data-range.js";
import type { NoiseProcess } from "../process/process.js";
import { parameterName } from "../sampling/walk-inputs.js";
import { elboStep, type Reconstruction } from "./elbo-step.js";
import { checkOptions, type ElboOptions, type ElboState } from "./options.js";

export interface ElboResult {
  /** A lower bound of log p(scored tokens | given tokens) of each sequence, in nats. */
  readonly nats: Float64Array;
  /** Its standard error over the draws; NaN for a single draw. */
  readonly standardErrors: Float64Array;
  /** Minus the mean bound over numbers scored, in bits: smaller is better. */
  readonly bitsPerDimension: number;
}

export interface ElboProgress {
  /** Steps done of all draws, 1-based. */
  readonly step: number;
  readonly steps: number;
  /** The bound by the draws that are finished; absent before the first is. Leave once its standard error is small enough. */
  readonly result?: ElboResult;
  /** Goes on after this step with the same bits, given as `resume`. */
  readonly state: ElboState;
}

/**
 * The variational bound on the likelihood of any part of a sequence given any other (Chen et al. 2024, theorem 3.1):
 * whichever order of levels the rows take, -prior - sum of steps - reconstruction bounds log p from below, and training
 * with independent levels optimises all of these bounds at once.
 *
 * @throws `shape-mismatch`, `invalid-argument`, `invalid-scheduling-matrix` for rows that rise, columns that neither
 *   stay nor fall from S to 0, or nothing to score, `checkpoint-mismatch`, `aborted`.
 */
export async function evidenceLowerBound(diffusion: Diffusion, options: ElboOptions): Promise<ElboResult> {
  const { scored } = checkOptions(diffusion, options);
  let state = options.resume;
  for await (const progress of evidenceLowerBoundStream(diffusion, options)) ({ state } = progress);
  return summary((state as ElboState).nats, numbersScored(options, scored));
}

/**
 * The same, step by step: one evaluation of the network for each row of each draw, to be watched, cut and resumed.
 *
 * @throws as {@link evidenceLowerBound}.
 */
export async function* evidenceLowerBoundStream(
  diffusion: Diffusion,
  options: ElboOptions,
): AsyncGenerator<ElboProgress> {
  const { backend, parameters, tokens, rows, draws = 1, seed, condition, resume, signal } = options;
  const random = createRandom(seed);
  const { variance = 1, reconstruction = { kind: "normal" } } = options;
  const { levels, scored, moves } = checkOptions(diffusion, options);
  const [batch, length] = tokens.shape as [number, number];
  const at = (row: ArrayLike<number> | undefined): HostTensor =>
    tensor(
      Int32Array.from({ length: batch * length }, (_, i) => levels[row?.[i % length] as number] as number),
      [batch, length],
    );
  const prior = priorNats(diffusion.process, tokens, scored);
  const steps = draws * moves.length;
  const finished = (nats: readonly Float64Array[]) => ({ result: summary(nats, numbersScored(options, scored)) });
  const graph = elboGraph(diffusion, tokens, variance, reconstruction);
  const constants = Object.entries(weightsOf(diffusion.model, parameters)).map(
    ([name, value]) => [parameterName(name), value] as const,
  );
  const executable = await backend.compile(graph, { constants: Object.fromEntries(constants) });
  let state: ElboState = resume ?? { step: 0, nats: [] };
  try {
    while (state.step < steps) {
      await breathe();
      throwIfAborted(signal);
      const draw = Math.floor(state.step / moves.length);
      const m = moves[state.step % moves.length] as number;
      const noise = zeros("float32", tokens.shape);
      random.split(draw).split(m).fillNormal(noise.data);
      const [from, to] = [at(rows[m - 1]), at(rows[m])];
      const { nats } = await executable.run({ tokens, from, to, noise, ...(condition ? { condition } : {}) });
      const { data } = await readTensor(nats as Tensor);
      disposeTensor(nats as Tensor);
      const before = state.nats[draw] ?? prior.map((value) => -value);
      const bounds = [...state.nats.slice(0, draw), before.map((value, b) => value - (data[b] as number))];
      const step = state.step + 1;
      state = { step, nats: bounds };
      const complete = bounds.slice(0, Math.floor(step / moves.length));
      yield { step, steps, ...(complete.length > 0 ? finished(complete) : {}), state };
    }
  } finally {
    executable.dispose();
  }
}

function elboGraph(diffusion: Diffusion, tokens: HostTensor, variance: number, reconstruction: Reconstruction) {
  const { model } = diffusion;
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
    nats: elboStep(diffusion, Object.fromEntries(named), inputs, variance, reconstruction),
  });
}

/** KL(q(x^K | x0) || prior) of the scored tokens of each sequence: what level K still tells of them. */
function priorNats(process: NoiseProcess, tokens: HostTensor, scored: readonly boolean[]): Float64Array {
  const { terminal, priorScale } = process;
  const size = sizeOf(tokens.shape.slice(2));
  const result = new Float64Array(tokens.shape[0] as number);
  // Tokens that are nothing at level K, as those of a Bayesian flow, tell nothing there.
  if (priorScale === 0) return result;
  tokens.data.forEach((x0, i) => {
    const token = Math.floor(i / size);
    if (!scored[token % scored.length]) return;
    result[Math.floor(token / scored.length)]! += normalDivergence(terminal, priorScale, x0);
  });
  return result;
}

/** KL(N(signal x, noise^2) || N(0, std^2)). */
function normalDivergence({ signal, noise }: NoiseProcess["terminal"], std: number, x: number): number {
  const variance = (noise / std) ** 2;
  return 0.5 * (((signal * x) / std) ** 2 + variance - 1 - Math.log(variance));
}

function numbersScored({ tokens }: ElboOptions, scored: readonly boolean[]): number {
  return scored.filter(Boolean).length * sizeOf(tokens.shape.slice(2));
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
