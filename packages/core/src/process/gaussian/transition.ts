import { add, exp, log, maximum, mul, sqrt } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { GaussianPath, StepLaw, TransitionOptions } from "../process.js";
import { atLevel } from "../tables.js";
import { noiseRemoved } from "./path.js";

/** As a variance, nothing; its logarithm is finite. */
const SMALLEST_VARIANCE = 1e-20;

/**
 * q(x^s | x^t, x) of a Gaussian path, for any levels s <= t (DDPM equations 6 and 7, for steps of any length and any
 * path; Kingma et al. 2021, equation 32): mean = kept sigma_s / sigma_t x^t + removed alpha_s x, variance
 * = removed sigma_s^2.
 *
 * @param from t and `to` s, int32 [B, T]; where s = t the law is that of the token itself.
 */
export function posterior(path: GaussianPath, clean: Value, noisy: Value, from: Value, to: Value): StepLaw {
  const rank = noisy.shape.length;
  const { kept, removed } = noiseRemoved(path, from, to, rank);
  const noiseTo = atLevel(path.noise, to, rank);
  const noiseFrom = atLevel(path.noise, from, rank);
  const inverseFrom = atLevel(inverseNoise(path), from, rank);
  return {
    mean: add(
      mul(mul(kept, mul(noiseTo, inverseFrom)), noisy),
      mul(mul(removed, atLevel(path.signal, to, rank)), clean),
    ),
    variance: mul(removed, mul(noiseTo, noiseTo)),
    forwardVariance: mul(removed, mul(noiseFrom, noiseFrom)),
  };
}

/** The standard deviation of a reverse step, between its two bounds in the logarithm, [B, T, 1, ...]. */
export function stepDeviation(law: StepLaw, { variance = 0 }: TransitionOptions): Value {
  if (variance === 0) return sqrt(law.variance);
  const logOf = (value: Value): Value => log(maximum(value, SMALLEST_VARIANCE));
  const between = add(mul(logOf(law.variance), 1 - variance), mul(logOf(law.forwardVariance), variance));
  return exp(mul(between, 0.5));
}

/** 1 / sigma, 0 at level 0, where there is nothing to divide. */
export function inverseNoise({ noise }: GaussianPath): Float64Array {
  return noise.map((sigma) => (sigma === 0 ? 0 : 1 / sigma));
}
