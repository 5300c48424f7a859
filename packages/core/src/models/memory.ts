import type { TensorType, Value } from "../engine/graph/value.js";
import type { ModelInput, Parameters } from "./model.js";

/** What a memory is made for. */
export interface MemoryOptions {
  readonly batch: number;
  /** How many past tokens it holds; a memory of fixed size, such as a recurrent state, ignores it. */
  readonly tokens: number;
}

/** What a model remembers, by name: graph values, of the types that {@link ModelMemory.types} gives. */
export type MemoryValues = Readonly<Record<string, Value>>;

/**
 * What a model keeps of the past instead of reading it again: a recurrent model its state, a causal transformer the keys
 * and values of its last tokens. A sampler denoises a chunk against a fixed memory and then commits the chunk by one
 * `advance`.
 */
export interface ModelMemory {
  /** The tensors of a memory. */
  types(options: MemoryOptions): Readonly<Record<string, TensorType>>;
  /** The memory before any token. */
  initial(parameters: Parameters, options: MemoryOptions): MemoryValues;
  /**
   * Reads n >= 1 tokens that stand after what is remembered.
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
