import type { Diffusion } from "../diffusion/diffusion.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import {
  add,
  div,
  equal,
  erf,
  exp,
  lessEqual,
  log,
  maximum,
  mul,
  neg,
  not,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  where,
} from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { applyModel } from "../models/apply-model.js";
import type { Parameters } from "../models/model.js";
import type { Estimate, Information, NoiseProcess } from "../process/process.js";
import { atLevel, exactGap, perToken } from "../process/tables.js";
import type { Network } from "../sampling/network.js";
import { predict } from "../sampling/predict.js";

/** How likely a clean token is, given the estimate x0 from its last noisy level. */
export type Reconstruction =
  /** Normal around the estimate, with the variance that is left at the last level, (1 - alphaBar) / alphaBar. */
  | { readonly kind: "normal" }
  /**
   * The same, as the probability of a cell: for data on a grid of `values` numbers from -1 to 1, outermost cells
   * unbounded (Ho et al. 2020, eq. 13).
   */
  | { readonly kind: "grid"; readonly values: number };

export interface ElboStepInputs {
  /** The clean sequence, float32 [B, T, ...]. */
  readonly tokens: Value;
  /** Levels before and after the step, int32 [B, T]. */
  readonly from: Value;
  readonly to: Value;
  /** Standard normal, as the tokens. */
  readonly noise: Value;
  readonly condition?: Value;
}

/**
 * What one step of a matrix costs the bound, in nats, [B]: for every token that moves, KL(q(x^s | x^t, x0) || p(x^s |
 * the sequence)), and for one that becomes clean minus its log probability (Ho et al. 2020, eq. 5, per token as in Chen et
 * al. 2024, theorem 3.1). The sequence is drawn from the forward process at the levels before the step.
 *
 * @param variance of the reverse steps between its bounds, 0..1, as of the solver `ancestral`.
 */
export function elboStep(
  diffusion: Diffusion,
  parameters: Parameters,
  inputs: ElboStepInputs,
  variance: number,
  reconstruction: Reconstruction,
): Value {
  const { tokens, from, to, noise, ...conditions } = inputs;
  const { model, process } = diffusion;
  const rank = tokens.shape.length;
  const x = process.corrupt(tokens, from, noise);
  const network: Network = ({ levels: noiseLevels, ...input }) =>
    applyModel(model, parameters, { ...input, noiseLevels, levelCount: process.levels });
  const estimate = predict(process, network, { stabilizationLevel: 0 }, conditions, x, from);
  const { clean } = estimate;
  if (process.information !== undefined) return informationNats(process.information, estimate, inputs);
  const everywhere = (mask: Value): Value => reshape(mask, perToken(tokens));
  const lawOf = lawsOf(process);
  const [truth, reverse] = [lawOf(tokens, x, from, to), lawOf(clean, x, from, to)];
  const logOf = (value: Value): Value => log(maximum(value, 1e-20));
  const logTrue = logOf(truth.variance);
  const logReverse = add(mul(logTrue, 1 - variance), mul(logOf(truth.forwardVariance), variance));
  const variances = mul(add(truth.variance, square(sub(truth.mean, reverse.mean))), exp(neg(logReverse)));
  const divergence = mul(add(sub(logReverse, logTrue), sub(variances, 1)), 0.5);
  // The variance left where a token becomes clean: 1 for one that was nothing but noise. At level 0 it is not used.
  const inverseSnr = process.signalToNoise.map((snr) => (snr > 0 ? Math.max(1 / snr, 1e-20) : 1));
  const left = atLevel(inverseSnr, from, rank);
  const surprise =
    reconstruction.kind === "normal"
      ? normalSurprise(tokens, clean, left)
      : gridSurprise(tokens, clean, left, reconstruction);
  const moves = everywhere(not(equal(from, to)));
  const becomesClean = everywhere(equal(to, 0));
  const nats = where(moves, where(becomesClean, surprise, divergence), 0);
  return sum(nats, nats.shape.map((_, axis) => axis).slice(1));
}

/** What observing the tokens with the accuracy that a step adds costs (Graves et al. 2023, section 3): an upper sum. */
function informationNats(
  { accuracy, terms }: Information,
  estimate: Estimate,
  { tokens, from, to }: ElboStepInputs,
): Value {
  const { error, nats } = terms(estimate, tokens);
  const observed = mul(mul(exactGap(accuracy, from, to, 2), error), 0.5);
  return sum(where(equal(from, to), 0, where(equal(to, 0), nats, observed)), 1);
}

/** @throws `invalid-config` for a process without a bound. */
export function lawsOf({ posterior, config }: NoiseProcess): NonNullable<NoiseProcess["posterior"]> {
  if (posterior !== undefined) return posterior;
  throw new DiffusionForcingError(
    "invalid-config",
    `A process of kind ${describe(config.kind)} has no law of its reverse steps, and so no bound on the likelihood.`,
  );
}

/** -log N(x; mean, variance). */
function normalSurprise(x: Value, mean: Value, variance: Value): Value {
  const scaled = div(square(sub(x, mean)), variance);
  return mul(add(add(scaled, log(variance)), Math.log(2 * Math.PI)), 0.5);
}

/** -log of the probability of the cell around x. */
function gridSurprise(x: Value, mean: Value, variance: Value, { values }: { readonly values: number }): Value {
  const half = 1 / (values - 1);
  const deviation = sqrt(variance);
  const below = (limit: Value): Value => mul(add(erf(mul(div(sub(limit, mean), deviation), Math.SQRT1_2)), 1), 0.5);
  const upper = where(lessEqual(1 - half, x), 1, below(add(x, half)));
  const lower = where(lessEqual(x, half - 1), 0, below(sub(x, half)));
  return neg(log(maximum(sub(upper, lower), 1e-12)));
}
