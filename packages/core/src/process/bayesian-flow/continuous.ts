import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { add, equal, maximum, minimum, mul, reshape, sqrt, square, sub, where } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { Corrupted, NoiseProcess, ProcessConfig, StepLaw } from "../process.js";
import { atLevel, exactGap, keptAndRemoved, MOST_LEVELS, perToken } from "../tables.js";

export interface BayesianFlowOptions {
  /** K. Default 1000. */
  readonly levels?: number;
  /** sigma_1: standard deviation of what is known of a number at the end. Default 0.02. */
  readonly finalStd?: number;
  /** Data lie in -range..range, and so do estimates. Default 1. */
  readonly range?: number;
  /** Largest absolute value of a noise draw. Default 20. */
  readonly noiseClip?: number;
}

const schema = v.strictObject({
  levels: v.optional(schemas.integer(1, MOST_LEVELS), 1000),
  finalStd: v.optional(schemas.number(1e-4, 0.9), 0.02),
  range: v.optional(schemas.positive(), 1),
  noiseClip: v.optional(schemas.positive(), 20),
});

/**
 * A Bayesian flow network for continuous data (Graves et al. 2023, sections 4.1 to 4.7). A token is not the data with
 * noise but a belief about it: the mean of a normal distribution, 0 before anything is known (level K), that observations
 * of growing accuracy move towards the data. Level k stands for time t = 1 - k / K, of which gamma = 1 - sigma_1^(2 t) is
 * known; level 0 is the data itself. The network outputs the noise in the mean (equation 84).
 *
 * There is no path of clean tokens and noise here: level K holds no noise at all, so that only `ancestral` samples it.
 *
 * @throws `invalid-config`
 */
export function bayesianFlow(options: BayesianFlowOptions = {}): NoiseProcess {
  const complete = check("bayesianFlow", schema, options, "invalid-config");
  const { levels, finalStd, range, noiseClip } = complete;
  const perLevel = (of: (k: number) => number): Float64Array =>
    Float64Array.from({ length: levels + 1 }, (_, k) => of(k));
  // log(1 - gamma): how uncertain the mean still is, in the logarithm. Level 0 stands in for minus infinity.
  const logUncertainty = perLevel((k) =>
    k === 0 ? 2 * Math.log(finalStd) - 160 : 2 * (1 - k / levels) * Math.log(finalStd),
  );
  const uncertainty = perLevel((k) => (k === 0 ? 0 : Math.exp(logUncertainty[k] as number)));
  // 0 at the last level exactly, since its logarithm is: a rounding error of it would be divided by.
  const known = logUncertainty.map((left) => -Math.expm1(left));
  const spread = perLevel((k) => Math.sqrt((known[k] as number) * (uncertainty[k] as number)));
  const inverseKnown = known.map((gamma) => (gamma === 0 ? 0 : 1 / gamma));
  const noiseShare = known.map((gamma, k) => (gamma === 0 ? 0 : Math.sqrt((uncertainty[k] as number) / gamma)));
  const inverseSpread = spread.map((std) => (std === 0 ? 0 : 1 / std));
  inverseSpread[0] = 1;
  const cost = -Math.log(finalStd);

  function limit(clean: Value): Value {
    return maximum(minimum(clean, range), -range);
  }

  function cleanOf(output: Value, mean: Value, at: Value): Value {
    const rank = mean.shape.length;
    return sub(mul(atLevel(inverseKnown, at, rank), mean), mul(atLevel(noiseShare, at, rank), output));
  }

  /** The mean after observing the clean tokens with the accuracy that lies between the two levels (equation 50). */
  function posterior(clean: Value, mean: Value, from: Value, to: Value): StepLaw {
    const rank = mean.shape.length;
    const { kept, removed } = keptAndRemoved(mul(exactGap(logUncertainty, to, from, rank), 0.5));
    const variance = mul(removed, atLevel(uncertainty, to, rank));
    return { mean: add(mul(mul(kept, kept), mean), mul(removed, clean)), variance, forwardVariance: variance };
  }

  return {
    config: { kind: "bayesian-flow", ...complete },
    levels,
    noiseClip,
    priorScale: 0,
    terminal: { signal: 0, noise: 0 },
    lossWeighting: { kind: "uniform" },
    signalToNoise: known.map((gamma, k) => gamma / (uncertainty[k] as number)),
    // 1 / (1 - gamma) = 1 + SNR.
    sensitivity: [cost, 0, cost],
    guidanceGain: known.map((gamma, k) => 4 * gamma * (uncertainty[k] as number)),
    corrupt(clean, at, noise) {
      const rank = clean.shape.length;
      return add(mul(atLevel(known, at, rank), clean), mul(atLevel(spread, at, rank), noise));
    },
    modelInput: (mean) => mean,
    /** The continuous-time loss (equation 41): -log(sigma_1) sigma_1^(-2 t) |x - x_hat|^2. */
    loss(output: Value, { clean, noisy, levels: at }: Corrupted): Value {
      const weights = uncertainty.map((left) => (left === 0 ? 0 : cost / left));
      const error = square(sub(clean, limit(cleanOf(output, noisy, at))));
      return mul(error, atLevel(weights, at, clean.shape.length));
    },
    estimate: (output, mean, at) => ({ clean: cleanOf(output, mean, at), noise: output }),
    limit,
    noiseOf(mean, at, clean) {
      const rank = mean.shape.length;
      return mul(sub(mean, mul(atLevel(known, at, rank), clean)), atLevel(inverseSpread, at, rank));
    },
    transition(mean, { clean }, from, to, noise) {
      const law = posterior(clean, mean, from, to);
      const moved = add(law.mean, mul(sqrt(law.variance), noise));
      return where(reshape(equal(to, 0), perToken(mean)), law.mean, moved);
    },
    posterior,
  };
}

/** @throws `invalid-config` */
export function bayesianFlowFromConfig({ kind: _, ...options }: ProcessConfig): NoiseProcess {
  return bayesianFlow(options);
}
