import type { Value } from "../engine/graph/value.js";

/** A noise process as JSON: what bundles store and `processFromConfig` reads back. */
export interface ProcessConfig {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** What a model makes of noisy tokens, whatever it was trained to output. */
export interface Estimate {
  /** The clean tokens, [B, T, ...]. */
  readonly clean: Value;
  /** The noise in them, [B, T, ...]. */
  readonly noise: Value;
}

/** A token with its corruption: what a loss is computed from. */
export interface Corrupted {
  /** Clean tokens, float32 [B, T, ...]. */
  readonly clean: Value;
  /** What {@link NoiseProcess.corrupt} made of them, [B, T, ...]. */
  readonly noisy: Value;
  /** int32 [B, T], 0..K. */
  readonly levels: Value;
  /** Standard normal, limited, [B, T, ...]. */
  readonly noise: Value;
}

/** How freely an ancestral step may choose its variance; processes without such a choice ignore it. */
export interface TransitionOptions {
  /** From 0, the posterior's variance, to 1, the forward process's (Nichol and Dhariwal 2021, equation 15). Default 0. */
  readonly variance?: number;
}

/**
 * What noise means: the law of a token at every level 0 (clean) .. K (nothing but noise), and how a model is read.
 * Training, sampling, rollouts and likelihood know a process through this contract only. Everything here emits graph
 * nodes; tokens are float32 [B, T, ...], levels int32 [B, T], and every token has a level of its own.
 */
export interface NoiseProcess {
  readonly config: ProcessConfig;
  /** K. */
  readonly levels: number;
  /** Largest absolute value of a standard normal draw, in training and in sampling. */
  readonly noiseClip: number;
  /** Tokens at level K from standard normal noise. */
  prior(noise: Value): Value;
  /** A draw of q(x^k | x), every token at its own level. Level 0 gives the token itself. */
  corrupt(clean: Value, levels: Value, noise: Value): Value;
  /** What the network reads in place of the noisy tokens, of the same shape. */
  modelInput(noisy: Value, levels: Value): Value;
  /** The unweighted loss of every element, [B, T, ...]. */
  loss(output: Value, corrupted: Corrupted): Value;
  /** The network's output as an estimate of the clean tokens and of the noise. */
  estimate(output: Value, noisy: Value, levels: Value): Estimate;
  /**
   * The noise that is left in `noisy` if `clean` is what it holds: the estimate's noise after something, a limit or a
   * guidance, has moved its clean tokens.
   */
  noiseOf(noisy: Value, levels: Value, clean: Value): Value;
  /**
   * One ancestral step: a draw of the law of the tokens at the levels `to`, at most `from`, given their present values
   * and the estimate. Exact if the estimate is. Where `from` = `to` the result means nothing.
   */
  transition(
    noisy: Value,
    estimate: Estimate,
    from: Value,
    to: Value,
    noise: Value,
    options?: TransitionOptions,
  ): Value;
  /** Ratio of signal to noise at each level 0..K, falling; infinite at level 0. Weightings and guidance read it. */
  readonly signalToNoise: Float64Array;
  /**
   * Present if a noisy token is signal[k] clean + noise[k] noise: what solvers of the probability flow need. K + 1
   * entries each.
   */
  readonly path?: GaussianPath;
}

/** The two tables of a Gaussian process, in float64: x^k = signal[k] x + noise[k] eps. */
export interface GaussianPath {
  /** alpha_k; 1 at level 0. */
  readonly signal: Float64Array;
  /** sigma_k; 0 at level 0, rising. */
  readonly noise: Float64Array;
}
