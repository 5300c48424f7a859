import type { Backend } from "../../engine/backend/contract.js";
import type { RandomStream } from "../../engine/random/index.js";
import type { HostTensor, HostTensorRecord } from "../../engine/tensor/tensor.js";
import type { Guidance } from "../guidance.js";
import type { MatrixShape } from "../matrix-shapes.js";

export interface RecurrentSamplerOptions {
  readonly backend: Backend;
  readonly parameters: HostTensorRecord;
  /** S: how many steps a token takes from noise to clean. Default 50. */
  readonly steps?: number;
  /** 0 is deterministic, 1 has the variance of DDPM. Default 0. */
  readonly eta?: number;
  /**
   * The level the state is told of tokens that are clean, given or generated, their values scaled to fit. Default 1,
   * the lowest the model was trained on; a higher one says that what was generated is not quite to be trusted.
   */
  readonly stabilizationLevel?: number;
  /**
   * Steers every step by the gradient of a value of the chunk's estimates, x0 [B, chunk, ...], through the states
   * between its tokens: later tokens move earlier ones of the same chunk, and what was read before stays.
   */
  readonly guidance?: Guidance;
  /**
   * "official" samples as the paper's code does: observed tokens get fresh noise of level 1; in every pass over a chunk
   * waiting tokens already take their first step, finished ones take their last step again, and the state goes on from
   * those; guidance, over 1 sample, is added to the tokens after the step, as in the paper's planner. By default a token
   * takes exactly the steps of its column. For comparisons only.
   */
  readonly compatibility?: "official";
}

/** Where a sequence stands: plain data of constant size, to be kept, copied, or sent elsewhere. */
export interface RecurrentState {
  /** Tokens read so far. */
  readonly position: number;
  /** float32 [B, ...stateShape]. */
  readonly latent: HostTensor;
}

/** Standard normal numbers of that shape; called once for each draw, in order. */
export type NoiseSource = (shape: readonly number[]) => HostTensor;

export interface ObserveOptions {
  /** float32 [B, T, ...tokenShape]. */
  readonly tokens: HostTensor;
  /** float32 [B, T, D], for a conditioned model. */
  readonly condition?: HostTensor;
  /** Only for `compatibility: "official"`, which noises what it observes. */
  readonly random?: RandomStream | NoiseSource;
}

export interface ChunkOptions {
  /** How many tokens to generate; may be Infinity. */
  readonly length: number;
  /** Tokens generated together. Default 1. */
  readonly chunk?: number;
  /** Order of denoising within a chunk. Default a pyramid of uncertainty 1. */
  readonly matrix?: MatrixShape;
  /** A stream is split by position, so that a rollout goes on from a stored state bit for bit. */
  readonly random: RandomStream | NoiseSource;
  /** The conditions float32 [B, count, D] of tokens `first` .. `first + count - 1`, for a conditioned model. */
  readonly condition?: (first: number, count: number) => HostTensor;
  /** For a guided sampler: the guidance's inputs while tokens `first` .. `first + count - 1` are generated. */
  readonly guidanceInputs?: (first: number, count: number) => HostTensorRecord;
  readonly signal?: AbortSignal;
}
