import type { Value } from "../engine/graph/value.js";
import type { Shape } from "../engine/tensor/shape.js";
import type { LossWeighting } from "./loss-weighting.js";

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
  /** How uncertain `clean` is, a standard deviation, [B, T, ...]: from models that say so. */
  readonly spread?: Value;
  /** Of each code of a codebook, [B, T, ..., K]: from models whose tokens are codes. */
  readonly probabilities?: Value;
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

/** Smallest and largest values, each broadcastable to tokens [B, T, ...]. */
export interface ValueRange {
  readonly minimum: Value;
  readonly maximum: Value;
}

/** How freely an ancestral step may choose its variance; processes without such a choice ignore it. */
export interface TransitionOptions {
  /** From 0, the posterior's variance, to 1, the forward process's (Nichol and Dhariwal 2021, equation 15). Default 0. */
  readonly variance?: number;
  /** Draws like `noise` besides it, where {@link NoiseProcess.draws} is more than 1: they choose among categories. */
  readonly choices?: readonly Value[];
}

/** What observations of growing accuracy tell of a token (Graves et al. 2023): the terms of a flow's bound. */
export interface Information {
  /** At each level 0..K, never rising; a step costs half of its growth times the squared error of the estimate. */
  readonly accuracy: Float64Array;
  /** The squared error of an estimate, and minus the logarithm of its probability of the clean token; [B, T] each. */
  terms(estimate: Estimate, clean: Value): { readonly error: Value; readonly nats: Value };
}

/** The normal law of a reverse step, for processes that have one. */
export interface StepLaw {
  /** [B, T, ...] */
  readonly mean: Value;
  /** Variance of q(x^s | x^t, x), [B, T, 1, ...]. */
  readonly variance: Value;
  /** Variance of q(x^t | x^s), the upper bound of a reverse step's (Ho et al. 2020, section 3.2); [B, T, 1, ...]. */
  readonly forwardVariance: Value;
}

/** The two tables of a Gaussian process, in float64: x^k = signal[k] x + noise[k] eps. K + 1 entries each. */
export interface GaussianPath {
  /** alpha_k; 1 at level 0. */
  readonly signal: Float64Array;
  /** sigma_k; 0 at level 0, above it positive. */
  readonly noise: Float64Array;
}

/**
 * How a process's loss sees an error of the clean estimate: an error e costs e^2 (constant + root r + linear r^2) with r
 * the square root of the signal-to-noise ratio. Weightings by that ratio divide by it.
 */
export type Sensitivity = readonly [constant: number, root: number, linear: number];

/**
 * What noise means: the law of a token at every level 0 (clean) .. K (nothing but noise), and how a model is read.
 * Training, sampling, rollouts and likelihood know a process through this contract only. The functions emit graph
 * nodes; tokens are float32 [B, T, ...], levels int32 [B, T], and every token has a level of its own.
 */
export interface NoiseProcess {
  readonly config: ProcessConfig;
  /** K. */
  readonly levels: number;
  /** Largest absolute value of a standard normal draw, in training and in sampling. */
  readonly noiseClip: number;
  /** Independent normal draws that one ancestral step takes. Default 1. */
  readonly draws?: number;
  /** What the network outputs for tokens of a shape, where it is not that shape. */
  outputShape?(tokenShape: Shape): Shape;
  /** A token at level K is this times standard normal noise. */
  readonly priorScale: number;
  /** What level K leaves of a clean token x: the law N(signal x, noise^2), to be compared with the prior. */
  readonly terminal: { readonly signal: number; readonly noise: number };
  /** Ratio of signal to noise at each level 0..K, never rising; infinite at level 0. */
  readonly signalToNoise: Float64Array;
  readonly sensitivity: Sensitivity;
  /** How tokens are weighted in the loss if nothing else is asked for. */
  readonly lossWeighting: LossWeighting;
  /**
   * At each level 0..K, how far guidance moves the estimate of a clean token for a unit slope of its reward by the noisy
   * token: at most the factor of Tweedie's formula, and less where a token holds little signal.
   */
  readonly guidanceGain: Float64Array;
  /** A draw of q(x^k | x), every token at its own level. Level 0 gives the token itself. */
  corrupt(clean: Value, levels: Value, noise: Value): Value;
  /** What the network reads in place of the noisy tokens, of the same shape. */
  modelInput(noisy: Value, levels: Value): Value;
  /** The unweighted loss of every element, [B, T, ...]. */
  loss(output: Value, corrupted: Corrupted): Value;
  /** The network's output as an estimate of the clean tokens and of the noise. */
  estimate(output: Value, noisy: Value, levels: Value): Estimate;
  /**
   * The estimate of clean tokens within what data, and tokens at these levels, can say: thresholding, for every solver.
   *
   * @param range of the data the model was trained on, if it is known.
   */
  limit(clean: Value, levels: Value, range?: ValueRange): Value;
  /** The noise in `noisy` if `clean` is what it holds: for an estimate that a limit or guidance has moved. */
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
  /** Present if the likelihood's bound is one of observations of growing accuracy. */
  readonly information?: Information;
  /** Present if reverse steps are normal given the clean tokens: what the likelihood's bound adds up. */
  posterior?(clean: Value, noisy: Value, from: Value, to: Value): StepLaw;
  /** Present if a noisy token is signal clean + noise eps: what solvers of the probability flow need. */
  readonly path?: GaussianPath;
}
