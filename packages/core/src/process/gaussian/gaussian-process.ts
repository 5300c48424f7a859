import { add, clamp, equal, mul, reshape, square, sub, where } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { LossWeighting } from "../loss-weighting.js";
import type { Corrupted, Estimate, GaussianPath, NoiseProcess, ProcessConfig, TransitionOptions } from "../process.js";
import { atLevel, perToken } from "../tables.js";
import { type EstimateLimit, limited } from "./limit.js";
import { inverseOf, type Objective } from "./objective.js";
import { signalToNoiseOf } from "./path.js";
import { inverseNoise, posterior, stepDeviation } from "./transition.js";

export interface GaussianParts {
  readonly config: ProcessConfig;
  readonly path: GaussianPath;
  readonly objective: Objective;
  readonly limit: EstimateLimit;
  readonly noiseClip: number;
  readonly lossWeighting: LossWeighting;
  /** Standard deviation of tokens at level K. */
  readonly priorScale: number;
  /** Factor of what the network reads, at each level; absent: 1. */
  readonly inputScale?: Float64Array;
}

/**
 * A process whose tokens are x^k = alpha_k x + sigma_k eps: two tables and an objective. Variance preserving, flow
 * matching and variance exploding processes differ in nothing else.
 */
export function gaussianProcess(parts: GaussianParts): NoiseProcess {
  const { config, path, objective, limit, noiseClip, priorScale, inputScale, lossWeighting } = parts;
  const inverse = inverseOf(path, objective);
  const perNoise = inverseNoise(path);
  // At level 0 the noise is what the token differs from its estimate by: finite, and 0 for the token itself.
  perNoise[0] = 1;

  function corrupt(clean: Value, levels: Value, noise: Value): Value {
    const rank = clean.shape.length;
    return add(mul(atLevel(path.signal, levels, rank), clean), mul(atLevel(path.noise, levels, rank), noise));
  }

  function loss(output: Value, { clean, levels, noise }: Corrupted): Value {
    const rank = output.shape.length;
    const target = add(
      mul(atLevel(objective.clean, levels, rank), clean),
      mul(atLevel(objective.noise, levels, rank), noise),
    );
    return square(sub(output, target));
  }

  function estimate(given: Value, noisy: Value, levels: Value): Estimate {
    const rank = noisy.shape.length;
    // No noise was ever drawn beyond the limit, so none is believed.
    const output = objective.kind === "noise" ? clamp(given, -noiseClip, noiseClip) : given;
    const of = (fromNoisy: Float64Array, fromOutput: Float64Array): Value =>
      add(mul(atLevel(fromNoisy, levels, rank), noisy), mul(atLevel(fromOutput, levels, rank), output));
    const isClean = objective.kind === "x0";
    const isNoise = objective.kind === "noise";
    return {
      clean: isClean ? output : of(inverse.cleanFromNoisy, inverse.cleanFromOutput),
      noise: isNoise ? output : of(inverse.noiseFromNoisy, inverse.noiseFromOutput),
    };
  }

  function noiseOf(noisy: Value, levels: Value, clean: Value): Value {
    const rank = noisy.shape.length;
    return mul(sub(noisy, mul(atLevel(path.signal, levels, rank), clean)), atLevel(perNoise, levels, rank));
  }

  function transition(
    noisy: Value,
    { clean }: Estimate,
    from: Value,
    to: Value,
    noise: Value,
    options: TransitionOptions = {},
  ): Value {
    const law = posterior(path, clean, noisy, from, to);
    const moved = add(law.mean, mul(stepDeviation(law, options), noise));
    // Nothing is random about a token's last step.
    return where(reshape(equal(to, 0), perToken(noisy)), law.mean, moved);
  }

  return {
    config,
    levels: path.signal.length - 1,
    noiseClip,
    priorScale,
    terminal: { signal: path.signal.at(-1) as number, noise: path.noise.at(-1) as number },
    lossWeighting,
    path,
    signalToNoise: signalToNoiseOf(path),
    sensitivity: objective.sensitivity,
    guidanceGain: path.signal.map((alpha, k) => guidanceGain(alpha, path.noise[k] as number)),
    corrupt,
    modelInput: (noisy, levels) =>
      inputScale === undefined ? noisy : mul(noisy, atLevel(inputScale, levels, noisy.shape.length)),
    loss,
    estimate,
    limit: (clean, levels, range) => limited(path, limit, clean, levels, range),
    noiseOf,
    transition,
    posterior: (clean, noisy, from, to) => posterior(path, clean, noisy, from, to),
  };
}

/**
 * The clean estimate's move for a unit slope by the noisy token. sigma^2 / alpha would make it the move of the exact
 * posterior mean (Tweedie), but trusts a network's derivative most where it is worst, at the noisiest levels: there the
 * signal's share alpha^2 / (alpha^2 + sigma^2) takes it back. The 4 makes up for that, so that on trained models a reward
 * is followed about as far as in the law p(x) exp(reward): see ARCHITECTURE.md, "Defaults".
 */
function guidanceGain(alpha: number, sigma: number): number {
  return (4 * alpha * sigma ** 2) / (alpha ** 2 + sigma ** 2);
}
