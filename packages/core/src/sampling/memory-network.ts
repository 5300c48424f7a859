import type { Diffusion } from "../diffusion/diffusion.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { broadcastTo, concat, constant, equal, mul, reshape } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { MemoryValues, ModelInput, Parameters } from "../models/index.js";
import { memoryOf } from "../models/index.js";
import { viewOf } from "./guidance/combined-estimate.js";
import type { ScoreCombination, ScoreTerm } from "./guidance/score-combination.js";
import type { Network } from "./network.js";
import type { SteeringInputs, SteeringOptions } from "./predict.js";
import { stabilized } from "./stabilization.js";

/**
 * The network as it reads a chunk after a fixed memory. Whoever calls it may ask for several copies of the batch at once,
 * views of the past first and futures within them, [views * N * B, T, ...]; each view has its memory, its futures share
 * it.
 *
 * @param memory of all views, [views * B, ...].
 */
export function memoryNetwork(
  diffusion: Diffusion,
  parameters: Parameters,
  memory: MemoryValues,
  views: number,
): Network {
  const { advance } = memoryOf(diffusion.model);
  return ({ tokens, levels, condition }) => {
    const rows = tokens.shape[0] as number;
    const own = Object.fromEntries(
      Object.entries(memory).map(([name, value]) => [
        name,
        spreadOver(value, views, rows / (value.shape[0] as number)),
      ]),
    );
    return advance(parameters, own, inputOf(diffusion, tokens, levels, condition)).output;
  };
}

/** [views * B, ...] -> [views * N * B, ...]. */
function spreadOver(value: Value, views: number, futures: number): Value {
  if (futures === 1) return value;
  const [rows, ...rest] = value.shape as [number, ...number[]];
  const batch = rows / views;
  const apart = reshape(value, [views, 1, batch, ...rest]);
  return reshape(broadcastTo(apart, [views, futures, batch, ...rest]), [views * futures * batch, ...rest]);
}

function inputOf(diffusion: Diffusion, tokens: Value, noiseLevels: Value, condition: Value | undefined): ModelInput {
  const base = { tokens, noiseLevels, levelCount: diffusion.process.levels };
  return condition === undefined ? base : { ...base, condition };
}

/** The memory after clean tokens [B, T, ...] have been read, each view as it shows them. */
export function afterCommit(
  diffusion: Diffusion,
  parameters: Parameters,
  memory: MemoryValues,
  options: SteeringOptions,
  x: Value,
  { condition, historyNoise }: SteeringInputs,
): MemoryValues {
  const { model, process } = diffusion;
  const levels = cleanLevels(x);
  const { tokens, told } = stabilized(process, x, levels, options.stabilizationLevel);
  const terms: readonly Omit<ScoreTerm, "weight">[] = options.scores ?? [{}];
  const shown = terms.map(({ history }) =>
    viewOf(process, history ?? {}, equal(levels, 0), {
      x,
      levels,
      tokens,
      told,
      ...(historyNoise === undefined ? {} : { historyNoise }),
    }),
  );
  const seen = concat(
    shown.map((view) => view.tokens),
    0,
  );
  const at = concat(
    shown.map((view) => view.told),
    0,
  );
  const conditions =
    condition &&
    concat(
      terms.map((term) => (term.condition === "null" ? mul(condition, 0) : condition)),
      0,
    );
  return memoryOf(model).advance(parameters, memory, inputOf(diffusion, process.modelInput(seen, at), at, conditions))
    .memory;
}

function cleanLevels(x: Value): Value {
  return broadcastTo(constant(tensor(Int32Array.of(0), [])), x.shape.slice(0, 2));
}

/**
 * Whether every view of the past can be kept in a memory: what a view hides or noises must stay so as tokens come.
 *
 * @throws `invalid-argument` for a view that picks tokens by their place.
 */
export function checkCacheable(scores: ScoreCombination | undefined): void {
  if (isCacheable(scores)) return;
  throw new DiffusionForcingError(
    "invalid-argument",
    'A view of the history that picks tokens by their place changes with every new token, so that no memory can keep it. Roll out with memory: "recompute", or show all of the history or none.',
  );
}

export function isCacheable(scores: ScoreCombination | undefined): boolean {
  return scores?.every(({ history }) => isLasting(history?.tokens)) ?? true;
}

function isLasting(tokens: "all" | readonly number[] | undefined): boolean {
  return tokens === undefined || tokens === "all" || tokens.length === 0;
}
