import { DiffusionForcingError } from "../../engine/errors.js";
import {
  add,
  and,
  broadcastTo,
  cast,
  concat,
  constant,
  equal,
  matmul,
  mul,
  or,
  reshape,
  slice,
  sum,
  where,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { type HostTensor, tensor, zeros } from "../../engine/tensor/tensor.js";
import type { Estimate, NoiseProcess } from "../../process/process.js";
import { perToken } from "../../process/tables.js";
import type { Network } from "../network.js";
import type { HistoryView, ScoreCombination } from "./score-combination.js";

export interface CombinedInputs {
  /** The sequence before stabilisation, [B, T, ...]. */
  readonly x: Value;
  /** Its levels, int32 [B, T]; 0 marks the history. */
  readonly levels: Value;
  /** What the network is shown without a combination, [B, T, ...], and the levels told to it, [B, T]. */
  readonly tokens: Value;
  readonly told: Value;
  /** Standard normal, limited, [B, T, ...]: noises the history; needed if {@link noisesHistory}. */
  readonly historyNoise?: Value;
  readonly condition?: Value;
}

/** Whether some term shows the history noisier than it is. */
export function noisesHistory(terms: ScoreCombination): boolean {
  return terms.some(({ history }) => history?.level !== undefined || (history?.tokens ?? "all") !== "all");
}

/** How a step estimates the clean sequence: by one evaluation of the model, or by a combination of several. */
export type Estimator = (inputs: CombinedInputs) => Estimate;

/** The plain estimate, or, given `terms`, the combined one. */
export function estimatorOf(process: NoiseProcess, network: Network, terms: ScoreCombination | undefined): Estimator {
  if (terms !== undefined) return (inputs) => combinedEstimate(process, network, terms, inputs);
  return ({ tokens, told, condition }) => estimate(process, network, tokens, told, condition);
}

function estimate(
  process: NoiseProcess,
  network: Network,
  tokens: Value,
  levels: Value,
  condition: Value | undefined,
): Estimate {
  const input = { tokens: process.modelInput(tokens, levels), levels };
  const output = network(condition === undefined ? input : { ...input, condition });
  return process.estimate(output, tokens, levels);
}

/**
 * The combined prediction of all terms, from one batched evaluation of the model. Tokens to be denoised are at the same
 * level and of the same value in every term, so that combining the noise also combines the clean estimates. The history
 * is known: its estimate is the token itself.
 */
export function combinedEstimate(
  process: NoiseProcess,
  network: Network,
  terms: ScoreCombination,
  inputs: CombinedInputs,
): Estimate {
  const { x, levels, condition } = inputs;
  const isHistory = equal(levels, 0);
  const views = terms.map(({ history }) => viewOf(process, history ?? {}, isHistory, inputs));
  const joined = estimate(
    process,
    network,
    concat(
      views.map(({ tokens }) => tokens),
      0,
    ),
    concat(
      views.map(({ told }) => told),
      0,
    ),
    condition &&
      concat(
        terms.map((term) => (term.condition === "null" ? mul(condition, 0) : condition)),
        0,
      ),
  );
  const combine = (stacked: Value): Value => {
    const batch = x.shape[0] as number;
    const parts = terms.map(({ weight }, i) => mul(slice(stacked, 0, i * batch, (i + 1) * batch), weight));
    return parts.reduce((total, part) => add(total, part));
  };
  return {
    clean: where(reshape(isHistory, perToken(x)), x, combine(joined.clean)),
    noise: combine(joined.noise),
    // Of deviations the first term's stands for all: what is combined are scores.
    ...(joined.spread === undefined ? {} : { spread: slice(joined.spread, 0, 0, x.shape[0] as number) }),
    ...(joined.probabilities === undefined ? {} : { probabilities: combine(joined.probabilities) }),
  };
}

/** What one term shows the network: tokens [B, T, ...] and the levels told, [B, T]. */
export function viewOf(
  process: NoiseProcess,
  { tokens: shown = "all", level }: HistoryView,
  isHistory: Value,
  { x, tokens, told, historyNoise }: CombinedInputs,
): { tokens: Value; told: Value } {
  if (shown === "all" && level === undefined) return { tokens, told };
  if (historyNoise === undefined) {
    throw new DiffusionForcingError("invalid-argument", "A combination that noises the history needs historyNoise.");
  }
  const hidden = constant(integer(process.levels));
  const ofShown = level === undefined ? told : constant(integer(level));
  const ofHistory = shown === "all" ? ofShown : where(isShown(shown, isHistory), ofShown, hidden);
  const seen = where(isHistory, broadcastTo(ofHistory, told.shape), told);
  const unchanged = equal(seen, told);
  const noised = process.corrupt(x, seen, historyNoise);
  return { tokens: where(reshape(unchanged, perToken(x)), tokens, noised), told: seen };
}

/** Bool [B, T]: the tokens of the history at these places, negative ones counted from its end. */
function isShown(places: readonly number[], isHistory: Value): Value {
  const [, length] = isHistory.shape as [number, number];
  const counted = cast(isHistory, "float32");
  const before = matmul(counted, constant(strictlyBefore(length))); // [B, T]: history tokens before each
  const total = sum(counted, 1, true); // [B, 1]
  const matches = places.map((place) => equal(before, place >= 0 ? place : add(total, place)));
  const none = constant(zeros("bool", []));
  return and(
    matches.reduce((any, match) => or(any, match), none),
    isHistory,
  );
}

/** [T, T] with 1 at [s, t] for s < t. */
function strictlyBefore(length: number): HostTensor {
  const isBefore = (_: unknown, i: number): number => (Math.floor(i / length) < i % length ? 1 : 0);
  return tensor(Float32Array.from({ length: length * length }, isBefore), [length, length]);
}

function integer(value: number): HostTensor {
  return tensor(Int32Array.of(value), []);
}
