import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import {
  add,
  clamp,
  concat,
  constant,
  div,
  equal,
  exp,
  floor,
  maximum,
  mul,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  sum,
  where,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { largest, normalShare, surprise } from "../categories.js";
import type { Corrupted, Estimate, NoiseProcess, ProcessConfig, TransitionOptions } from "../process.js";
import { atLevel, exactGap, perToken } from "../tables.js";
import { type BayesianFlowOptions, bayesianFlow } from "./continuous.js";

export interface DiscretizedBayesianFlowOptions extends Omit<BayesianFlowOptions, "range"> {
  /** K: data are the centres of K equal bins of -1..1, -1 + (2 i + 1) / K. */
  readonly bins: number;
  /** What a number becomes in its last step: a draw of its bin, or the likeliest bin. Default "sample". */
  readonly final?: "sample" | "mode";
}

const schema = v.looseObject({
  bins: schemas.integer(2, 65_536),
  final: v.optional(schemas.choice("sample", "mode"), "sample"),
});

/**
 * A Bayesian flow network for numbers of which there are only K, such as those of an image (Graves et al. 2023, section 5).
 * Beliefs are those of `bayesianFlow`; the network outputs twice as many numbers as a token has, the noise in the mean and
 * the logarithm of a deviation, and so a normal law that bins cut up, the outermost of them unbounded. Where nothing is
 * known, at the last level, it outputs minus the mean, and the deviation, themselves.
 *
 * @throws `invalid-config`
 */
export function discretizedBayesianFlow(options: DiscretizedBayesianFlowOptions): NoiseProcess {
  const { bins, final, ...rest } = check("discretizedBayesianFlow", schema, options, "invalid-config");
  const flow = bayesianFlow({ ...(rest as BayesianFlowOptions), range: 1 });
  // Its steps are normal; here they are mixtures over bins.
  const { posterior: _, ...base } = flow;
  const { range: __, kind: ___, ...settings } = flow.config;
  const { finalStd } = settings as unknown as { finalStd: number };
  const { levels, signalToNoise } = flow;
  const perLevel = (of: (k: number) => number): Float64Array =>
    Float64Array.from({ length: levels + 1 }, (_, k) => of(k));
  // The accuracy of the mean, 1 of them from the prior.
  const accuracy = perLevel((k) => finalStd ** (-2 * (1 - k / levels)));
  const known = signalToNoise.map((snr, k) => (k === 0 ? 1 : snr / (1 + snr)));
  const inverseKnown = known.map((gamma) => (gamma === 0 ? 0 : 1 / gamma));
  const share = known.map((gamma) => (gamma === 0 ? 1 : Math.sqrt((1 - gamma) / gamma)));
  const cost = -Math.log(finalStd);
  const centres = tensor(
    Float32Array.from({ length: bins }, (_, i) => -1 + (2 * i + 1) / bins),
    [bins],
  );

  /** Probabilities of the bins, [B, T, ..., K], of a normal law for every number. */
  function probabilities(mean: Value, spread: Value): Value {
    const edges = Float32Array.from({ length: bins - 1 }, (_, i) => -1 + (2 * (i + 1)) / bins);
    const wide = (x: Value): Value => reshape(x, [...x.shape, 1]);
    const below = normalShare(div(sub(constant(tensor(edges, [bins - 1])), wide(mean)), wide(spread)));
    const none = mul(wide(mean), 0);
    const axis = below.shape.length - 1;
    return sub(concat([below, add(none, 1)], axis), concat([none, below], axis));
  }

  function law(output: Value, mean: Value, at: Value): { readonly mean: Value; readonly spread: Value } {
    const rank = mean.shape.length;
    const channels = mean.shape[2] as number;
    const [noise, logSpread] = [slice(output, 2, 0, channels), slice(output, 2, channels, 2 * channels)];
    const scale = atLevel(share, at, rank);
    const spread = maximum(mul(scale, exp(clamp(logSpread, -10, 10))), 1e-6);
    return { mean: sub(mul(atLevel(inverseKnown, at, rank), mean), mul(scale, noise)), spread };
  }

  const expected = (mean: Value, spread: Value): Value => sum(mul(probabilities(mean, spread), constant(centres)), -1);
  const nearest = (x: Value): Value =>
    add(mul(clamp(floor(mul(add(x, 1), bins / 2)), 0, bins - 1), 2 / bins), 1 / bins - 1);

  return {
    ...base,
    config: { kind: "discretized-bayesian-flow", ...settings, bins, final },
    draws: 2,
    outputShape: ([channels, ...frame]) => [2 * (channels as number), ...frame],
    loss(output: Value, { clean, noisy, levels: at }: Corrupted): Value {
      const weights = perLevel((k) => (k === 0 ? 0 : cost * (accuracy[k] as number)));
      const found = law(output, noisy, at);
      return mul(square(sub(clean, expected(found.mean, found.spread))), atLevel(weights, at, clean.shape.length));
    },
    estimate(output: Value, noisy: Value, at: Value): Estimate {
      const { mean, spread } = law(output, noisy, at);
      return { clean: mean, noise: flow.noiseOf(noisy, at, mean), spread };
    },
    transition(mean, { clean, spread = mul(clean, 0) }, from, to, noise, options: TransitionOptions = {}) {
      const [choice = noise] = options.choices ?? [];
      const drawn = nearest(add(clean, mul(spread, choice)));
      const likeliest = sum(mul(largest(probabilities(clean, maximum(spread, 1e-6))), constant(centres)), -1);
      const isLast = reshape(equal(to, 0), perToken(mean));
      // The mean after one more observation y ~ N(bin, 1 / added): (rho mean + added y) / (rho + added).
      const rank = mean.shape.length;
      const added = maximum(exactGap(accuracy, from, to, rank), 0);
      const before = atLevel(accuracy, from, rank);
      const moved = div(add(add(mul(before, mean), mul(added, drawn)), mul(sqrt(added), noise)), add(before, added));
      return where(isLast, final === "mode" ? likeliest : drawn, moved);
    },
    information: {
      accuracy,
      terms({ clean, spread = mul(clean, 0) }, truth) {
        const axes = truth.shape.map((_, axis) => axis).slice(2);
        const wide = maximum(spread, 1e-6);
        const isBin = equal(
          floor(mul(add(reshape(truth, [...truth.shape, 1]), 1), bins / 2)),
          constant(binNumbers(bins)),
        );
        return {
          error: sum(square(sub(truth, expected(clean, wide))), axes),
          nats: sum(
            surprise(probabilities(clean, wide), where(isBin, 1, mul(reshape(truth, [...truth.shape, 1]), 0))),
            axes,
          ),
        };
      },
    },
  };
}

const binNumbers = (bins: number) =>
  tensor(
    Float32Array.from({ length: bins }, (_, i) => i),
    [bins],
  );

/** @throws `invalid-config` */
export function discretizedBayesianFlowFromConfig({ kind: _, ...options }: ProcessConfig): NoiseProcess {
  return discretizedBayesianFlow(options as unknown as DiscretizedBayesianFlowOptions);
}
