import type { TensorType, Value } from "../engine/graph/value.js";
import { type Shape, shapesEqual } from "../engine/tensor/shape.js";

/** How a parameter's first values are drawn; `uniform` is over -bound..bound. */
export type Initializer = { readonly kind: "zeros" | "ones" } | { readonly kind: "uniform"; readonly bound: number };

export interface ParameterSpec {
  readonly shape: Shape;
  readonly initializer: Initializer;
  /** Whether weight decay pulls at it. Default: exactly if it has two axes or more, so not biases and gains of norms. */
  readonly decays?: boolean;
  /**
   * The rate of a multiplier: it climbs the loss by plain gradient ascent, [p + rate slope]+, where all others descend it
   * by AdamW. Absent: it descends.
   */
  readonly ascent?: number;
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
  /** Told of activations on the way; ask for them by {@link featuresOf}. */
  readonly tap?: Tap;
}

/**
 * Hears of an activation inside a model: its name, and its values of every token, float32 [B, T, ...]. What is heard is a
 * node of the graph like any other and costs nothing unless something depends on it.
 */
export type Tap = (name: string, value: Value) => void;

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
  /** Shape of what is output for a token, where it is not that of a token: logits, or a mean and a deviation. */
  readonly outputShape?: Shape;
  /** D: features of the external condition; 0 without one. */
  readonly conditionFeatures: number;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  /** float32 [B, T, ...outputShape]. */
  apply(parameters: Parameters, input: ModelInput): Value;
  /** Present if the model can read a sequence piece by piece; ask for it by {@link memoryOf}. */
  readonly memory?: ModelMemory;
  /** Where `memory` is absent: why, and what to change, in a sentence for whoever asks for it. */
  readonly noMemory?: string;
}

/** What is trained, saved and checked of a model, whatever it computes: an autoencoder has it too. */
export type Network = Pick<Model, "config" | "tokenShape" | "parameters">;

/** What a memory is made for. */
export interface MemoryOptions {
  readonly batch: number;
  /** How many past tokens it holds, at least 1; a memory of fixed size, such as a recurrent state, ignores it. */
  readonly tokens: number;
}

/** What a model remembers, by name: graph values, of the types that {@link ModelMemory.types} gives. */
export type MemoryValues = Readonly<Record<string, Value>>;

/**
 * What a model keeps of the past instead of reading it again: a recurrent model its state, a causal transformer the keys
 * and values of its last tokens. A sampler denoises a chunk against a fixed memory and then commits the chunk by one
 * `advance`. A token enters the memory at its own noise level: clean, the memory has seen it; at level K, it has seen
 * nothing.
 *
 * The first axis of every tensor is the batch, so that memories are repeated, joined and picked apart like any batch.
 */
export interface ModelMemory {
  /** The tensors of a memory, [B, ...] each; those of whole numbers count tokens. */
  types(options: MemoryOptions): Readonly<Record<string, TensorType>>;
  /** The memory before any token. */
  initial(parameters: Parameters, options: MemoryOptions): MemoryValues;
  /**
   * Reads n >= 1 tokens that stand after what is remembered. While the memory has room for all tokens so far, the
   * predictions are those of `apply` on the whole sequence, to rounding.
   *
   * @param chunk sequences of n tokens, [B, n, ...].
   * @returns the prediction [B, n, ...], and the memory after them.
   */
  advance(
    parameters: Parameters,
    memory: MemoryValues,
    chunk: ModelInput,
  ): { readonly output: Value; readonly memory: MemoryValues };
}

/** What tokens of the model look like, for messages: `float32[B, T, 3, 8, 8]`. */
export function describeTokens({ tokenShape }: Pick<Model, "tokenShape">): string {
  return `float32[${["B", "T", ...tokenShape].join(", ")}]`;
}

/** Whether a tensor is a batch of sequences of the model's tokens, float32 [B, T, ...tokenShape]. */
export function holdsTokens({ tokenShape }: Pick<Model, "tokenShape">, { dtype, shape }: TensorType): boolean {
  return dtype === "float32" && shape.length === 2 + tokenShape.length && shapesEqual(shape.slice(2), tokenShape);
}
