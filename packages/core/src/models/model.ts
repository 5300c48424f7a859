import type { Value } from "../graph/value.js";
import type { Shape } from "../tensor/shape.js";

/** How a parameter's first values are drawn; `uniform` is over -bound..bound. */
export type Initializer = { readonly kind: "zeros" | "ones" } | { readonly kind: "uniform"; readonly bound: number };

export interface ParameterSpec {
  readonly shape: Shape;
  readonly initializer: Initializer;
}

/** Traced parameters by name. */
export type Parameters = Readonly<Record<string, Value>>;

export interface ModelInput {
  /** The partly noised sequence, float32 [B, T, C]. */
  readonly tokens: Value;
  /** Noise level of each token, int32 [B, T], 0 (clean) .. levelCount (pure noise). */
  readonly noiseLevels: Value;
  /** Number K of noise levels of the schedule the model is used with. */
  readonly levelCount: number;
  /** External condition of each token, float32 [B, T, D]; present exactly if the model has condition features. */
  readonly condition?: Value;
}

/** A model's architecture as JSON: what `config.json` holds and {@link modelFromConfig} reads. */
export type ModelConfig = { readonly kind: string } & Readonly<Record<string, unknown>>;

/**
 * A denoiser: a pure function from parameters and a noised sequence to a prediction of the sequence's shape
 * (of the noise, the clean tokens or the velocity, as the objective says).
 */
export interface Model {
  readonly config: ModelConfig;
  /** C: features of a token, in and out. */
  readonly features: number;
  /** D: features of the external condition; 0 without one. */
  readonly conditionFeatures: number;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** float32 [B, T, C]. */
  apply(parameters: Parameters, input: ModelInput): Value;
}
