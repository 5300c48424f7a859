import type { TensorType, Value } from "../engine/graph/value.js";
import { type Shape, shapesEqual } from "../engine/tensor/shape.js";

/** How a parameter's first values are drawn; `uniform` is over -bound..bound. */
export type Initializer = { readonly kind: "zeros" | "ones" } | { readonly kind: "uniform"; readonly bound: number };

export interface ParameterSpec {
  readonly shape: Shape;
  readonly initializer: Initializer;
  /** The parameter whose first values these are copies of, of the same shape and initializer; absent: none. */
  readonly copyOf?: string;
  /** Whether weight decay pulls at it. Default: exactly if it has two axes or more, so not biases and gains of norms. */
  readonly decays?: boolean;
}

/** Traced parameters by name. */
export type Parameters = Readonly<Record<string, Value>>;

export interface ModelInput {
  /** The partly noised sequence, float32 [B, T, ...tokenShape]. */
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
  /** Shape of one token, in and out: [C] for vectors, [C, H, W] for frames of a video. */
  readonly tokenShape: Shape;
  /** D: features of the external condition; 0 without one. */
  readonly conditionFeatures: number;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** float32 [B, T, ...tokenShape]. */
  apply(parameters: Parameters, input: ModelInput): Value;
  /** Present if the model reads one token after the other and remembers nothing but a state of fixed size. */
  readonly recurrence?: Recurrence;
}

/**
 * A model's way to read a sequence token by token in constant memory: `apply` is this, folded over the tokens. Where a
 * token is clean, the new state is a posterior (it has seen the token); at level K it is a prior (it has seen nothing).
 */
export interface Recurrence {
  /** Shape of one sample's state. */
  readonly stateShape: Shape;
  /** The state before any token, float32 [B, ...stateShape]. */
  initial(parameters: Parameters, batch: number): Value;
  /**
   * Reads one token: `input` holds sequences of length 1.
   *
   * @param state float32 [B, ...stateShape].
   * @returns the prediction, float32 [B, 1, ...tokenShape], and the state after the token.
   */
  advance(parameters: Parameters, state: Value, input: ModelInput): { readonly output: Value; readonly state: Value };
}

/** What tokens of the model look like, for messages: `float32[B, T, 3, 8, 8]`. */
export function describeTokens({ tokenShape }: Pick<Model, "tokenShape">): string {
  return `float32[${["B", "T", ...tokenShape].join(", ")}]`;
}

/** Whether a tensor is a batch of sequences of the model's tokens, float32 [B, T, ...tokenShape]. */
export function holdsTokens({ tokenShape }: Pick<Model, "tokenShape">, { dtype, shape }: TensorType): boolean {
  return dtype === "float32" && shape.length === 2 + tokenShape.length && shapesEqual(shape.slice(2), tokenShape);
}
