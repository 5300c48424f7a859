import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import {
  add,
  div,
  equal,
  maximum,
  mul,
  reshape,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  where,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { formatShape } from "../../engine/tensor/shape.js";
import { drawnCategory, largest, surprise } from "../categories.js";
import type { Corrupted, Estimate, NoiseProcess, ProcessConfig, TransitionOptions } from "../process.js";
import { atLevel, exactGap, MOST_LEVELS, perToken } from "../tables.js";

export interface DiscreteBayesianFlowOptions {
  /** K: symbols of an alphabet. A token holds one or several of them, K numbers each, as `categoricalCodec` writes them. */
  readonly categories: number;
  /** Levels of accuracy. Default 1000. */
  readonly levels?: number;
  /** beta(1): the accuracy with which a symbol is known at the end. Default 15 / K. */
  readonly finalAccuracy?: number;
  /**
   * What a token becomes in its last step: "sample", a draw from the network's distribution, which is exact for one symbol
   * however few steps there are; or "mode", its likeliest symbol, as the paper's code does, which is not. Default "sample".
   */
  readonly final?: "sample" | "mode";
  /** Largest absolute value of a noise draw. Default 20. */
  readonly noiseClip?: number;
}

const schema = v.strictObject({
  categories: schemas.integer(2, 2 ** 20),
  levels: v.optional(schemas.integer(1, MOST_LEVELS), 1000),
  finalAccuracy: v.optional(schemas.positive()),
  final: v.optional(schemas.choice("sample", "mode"), "sample"),
  noiseClip: v.optional(schemas.positive(), 20),
});

/**
 * A Bayesian flow network for symbols (Graves et al. 2023, section 6). Clean tokens are one-hot, 1 and -1. A noisy token is
 * the logarithm of a belief theta over the alphabet, z ~ N(beta (K e_x - 1), beta K I), with the accuracy beta = beta(1) t^2
 * at time t = 1 - k / levels; nothing is known at the last level, z = 0. The network reads theta = softmax(z) and outputs
 * logits of the symbol. Every token has an accuracy of its own, and a step from one level to another observes its symbol
 * with the accuracy that lies between them.
 *
 * The loss of an element is K beta(1) t (e - e_hat)^2 (equation 205); its sum over a token's numbers, on average over t, is
 * the bound in nats but for the last reconstruction.
 *
 * @throws `invalid-config`
 */
export function discreteBayesianFlow(options: DiscreteBayesianFlowOptions): NoiseProcess {
  const given = check("discreteBayesianFlow", schema, options, "invalid-config");
  const { categories, levels, final, noiseClip, finalAccuracy = 15 / categories } = given;
  const perLevel = (of: (t: number, k: number) => number): Float64Array =>
    Float64Array.from({ length: levels + 1 }, (_, k) => of(1 - k / levels, k));
  // beta K: the variance of z, and what the bound adds up.
  const accuracy = perLevel((t) => finalAccuracy * categories * t ** 2);
  const deviation = accuracy.map(Math.sqrt);
  const known = accuracy.map((a) => a / (1 + a));

  /** [B, T, D K] -> [B, T, D, K] */
  const grouped = (x: Value): Value => {
    const size = x.shape.at(-1) as number;
    if (size % categories !== 0) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `discreteBayesianFlow: tokens ${formatShape(x.shape)} hold no whole number of symbols of ${categories}; expected a last axis that is a multiple of it.`,
      );
    }
    return reshape(x, [...x.shape.slice(0, -1), size / categories, categories]);
  };
  const flat = (x: Value): Value => reshape(x, [...x.shape.slice(0, -2), -1]);
  const oneHot = (clean: Value): Value => mul(add(clean, 1), 0.5);
  const signed = (oneHots: Value): Value => sub(mul(oneHots, 2), 1);
  /** e_x - 1 / K: times beta K, the mean of z. */
  const centred = (clean: Value): Value => sub(oneHot(clean), 1 / categories);
  const isClean = (levelsAt: Value, x: Value): Value => reshape(equal(levelsAt, 0), perToken(x));

  function noiseOf(noisy: Value, at: Value, clean: Value): Value {
    const rank = noisy.shape.length;
    const inverse = deviation.map((std, k) => (k === 0 || std === 0 ? 0 : 1 / std));
    return mul(sub(noisy, mul(atLevel(accuracy, at, rank), centred(clean))), atLevel(inverse, at, rank));
  }

  function corrupt(clean: Value, at: Value, noise: Value): Value {
    const rank = clean.shape.length;
    const belief = add(mul(atLevel(accuracy, at, rank), centred(clean)), mul(atLevel(deviation, at, rank), noise));
    return where(isClean(at, clean), clean, belief);
  }

  function estimate(output: Value, noisy: Value, at: Value): Estimate {
    const clean = signed(flat(softmax(grouped(output))));
    return { clean, noise: noiseOf(noisy, at, clean) };
  }

  return {
    config: { kind: "discrete-bayesian-flow", categories, levels, finalAccuracy, final, noiseClip },
    levels,
    noiseClip,
    draws: 2,
    priorScale: 0,
    terminal: { signal: 0, noise: 0 },
    lossWeighting: { kind: "uniform" },
    signalToNoise: accuracy.map((a, k) => (k === 0 ? Number.POSITIVE_INFINITY : a)),
    // K beta(1) t = sqrt(K beta(1)) sqrt(SNR).
    sensitivity: [0, Math.sqrt(finalAccuracy * categories), 0],
    guidanceGain: known.map((share) => 4 * share * (1 - share)),
    corrupt,
    modelInput: (noisy, at) => where(isClean(at, noisy), oneHot(noisy), flat(softmax(grouped(noisy)))),
    loss(output: Value, { clean, levels: at }: Corrupted): Value {
      const weights = perLevel((t, k) => (k === 0 ? 0 : finalAccuracy * categories * t));
      const error = square(sub(oneHot(clean), flat(softmax(grouped(output)))));
      return mul(error, atLevel(weights, at, clean.shape.length));
    },
    estimate,
    /** Distributions: nothing negative, and sums of 1. */
    limit(clean) {
      const positive = maximum(grouped(oneHot(clean)), 1e-9);
      return signed(flat(div(positive, sum(positive, -1, true))));
    },
    noiseOf,
    transition(noisy, { clean }, from, to, noise, { choices: [choice = noise] = [] }: TransitionOptions = {}) {
      const rank = noisy.shape.length;
      const probabilities = grouped(oneHot(clean));
      const drawn = flat(drawnCategory(probabilities, grouped(choice)));
      const last = final === "mode" ? flat(largest(probabilities)) : drawn;
      const added = exactGap(accuracy, from, to, rank);
      const observed = add(mul(added, sub(drawn, 1 / categories)), mul(sqrt(maximum(added, 0)), noise));
      return where(isClean(to, noisy), signed(last), add(noisy, observed));
    },
    information: {
      accuracy,
      terms({ clean }, truth) {
        const axes = truth.shape.map((_, axis) => axis).slice(2);
        const rows = surprise(grouped(oneHot(clean)), grouped(oneHot(truth)));
        return {
          error: sum(square(sub(oneHot(truth), oneHot(clean))), axes),
          nats: sum(rows, rows.shape.map((_, axis) => axis).slice(2)),
        };
      },
    },
  };
}

/** @throws `invalid-config` */
export function discreteBayesianFlowFromConfig({ kind: _, ...options }: ProcessConfig): NoiseProcess {
  return discreteBayesianFlow(options as unknown as DiscreteBayesianFlowOptions);
}
