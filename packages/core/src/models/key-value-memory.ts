import { DiffusionForcingError } from "../engine/errors.js";
import {
  add,
  concat,
  constant,
  less,
  matmul,
  minimum,
  mul,
  reshape,
  slice,
  softmax,
  sub,
  where,
} from "../engine/graph/operations.js";
import type { TensorType, Value } from "../engine/graph/value.js";
import { tensor, zeros } from "../engine/tensor/tensor.js";
import { causalMask } from "./causal-mask.js";
import type { MemoryOptions, MemoryValues } from "./model.js";
import { type RotaryTables, rotate, rotateBack } from "./rotary.js";

// The memory of a causal transformer: for each layer that attends along time the keys and values of the last S tokens.
// Slots are right-aligned, the newest token in the last, and `filled` says how many hold something. Keys and values are
// stored unrotated and turned by their slot when they are read: positions never grow, and a memory serves for ever.

/** Keys and values of one layer, float32 [B, G, slots, d] each: G groups that attend apart, such as heads. */
export interface KeyValues {
  readonly keys: Value;
  readonly values: Value;
}

/** What one layer remembers of one sample: `groups` times `rows` rows of `depth` features per token. */
export interface LayerMemory {
  /** The layer's name, before `.keys` and `.values`. */
  readonly name: string;
  readonly groups: number;
  /** Rows of one token that are attended to apart, such as the patches of a frame. */
  readonly rows: number;
  readonly depth: number;
}

/** The tensors of a memory of these layers. */
export function keyValueTypes(layers: readonly LayerMemory[], options: MemoryOptions): Record<string, TensorType> {
  const { batch, tokens } = options;
  if (!Number.isSafeInteger(batch) || batch < 1 || !Number.isSafeInteger(tokens) || tokens < 1) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `A memory for a batch of ${batch} and ${tokens} tokens; expected whole numbers from 1.`,
    );
  }
  const cached = layers.flatMap(({ name, groups, rows, depth }): [string, TensorType][] => {
    const type: TensorType = { dtype: "float32", shape: [batch, groups, tokens * rows, depth] };
    return [
      [`${name}.keys`, type],
      [`${name}.values`, type],
    ];
  });
  return { filled: { dtype: "int32", shape: [batch] }, ...Object.fromEntries(cached) };
}

/** A memory of these layers that holds nothing. */
export function emptyMemory(layers: readonly LayerMemory[], options: MemoryOptions): MemoryValues {
  const types = Object.entries(keyValueTypes(layers, options));
  return Object.fromEntries(types.map(([name, { dtype, shape }]) => [name, constant(zeros(dtype, shape))]));
}

/** Turns of what is in the memory and of the new tokens; times count from the first new token. */
export interface MemoryTurns {
  readonly past: RotaryTables;
  readonly own: RotaryTables;
  /** Whether values turn with the keys, and what a token mixes from them back by its own turn. */
  readonly turnsValues?: boolean;
}

/**
 * One reading of a memory by n new tokens: layers attend through it in turn, and it gathers the memory after them.
 */
export class MemoryReading {
  /** S: how many tokens the memory has room for. */
  readonly tokens: number;
  readonly #memory: MemoryValues;
  readonly #length: number;
  readonly #after: Record<string, Value>;

  /** @param length n, the number of new tokens. */
  constructor(memory: MemoryValues, layers: readonly LayerMemory[], length: number) {
    const { name, rows } = layers[0] as LayerMemory;
    this.tokens = ((memory[`${name}.keys`] as Value).shape[2] as number) / rows;
    this.#memory = memory;
    this.#length = length;
    this.#after = { filled: minimum(add(memory.filled as Value, length), this.tokens) };
  }

  /**
   * Attention of the new tokens to what the layer remembers and, causally, to each other: query, keys and values
   * [B, G, n * rows, d] -> [B, G, n * rows, d].
   */
  attend(layer: LayerMemory, query: Value, own: KeyValues, turns: MemoryTurns): Value {
    const { name, depth } = layer;
    const past = { keys: this.#memory[`${name}.keys`] as Value, values: this.#memory[`${name}.values`] as Value };
    // What depends on the memory alone stands apart, so that steps unrolled in one graph share it.
    const keys = concat([rotate(past.keys, turns.past, 2), rotate(own.keys, turns.own, 2)], 2);
    const values = turns.turnsValues
      ? concat([rotate(past.values, turns.past, 2), rotate(own.values, turns.own, 2)], 2)
      : concat([past.values, own.values], 2);
    this.#after[`${name}.keys`] = this.#newest(concat([past.keys, own.keys], 2), past.keys);
    this.#after[`${name}.values`] = this.#newest(concat([past.values, own.values], 2), past.values);
    const scores = mul(matmul(rotate(query, turns.own, 2), keys, { transposeB: true }), 1 / Math.sqrt(depth));
    const mixed = matmul(softmax(add(scores, this.#mask(layer))), values);
    return turns.turnsValues ? rotateBack(mixed, turns.own, 2) : mixed;
  }

  /** The memory after the new tokens, once every layer has attended. */
  after(): MemoryValues {
    return this.#after;
  }

  #newest(all: Value, { shape }: Value): Value {
    const size = all.shape[2] as number;
    return slice(all, 2, size - (shape[2] as number), size);
  }

  /** Added to scores, [B, 1, n * rows, (S + n) * rows]: hides empty slots and what comes later. */
  #mask({ rows }: LayerMemory): Value {
    const { tokens } = this;
    const length = this.#length;
    const width = (tokens + length) * rows;
    const order = Int32Array.from({ length: width }, (_, i) => Math.floor(i / rows));
    const filled = this.#memory.filled as Value;
    const first = reshape(sub(tokens, filled), [filled.shape[0] as number, 1, 1, 1]);
    const isEmpty = less(constant(tensor(order, [1, 1, 1, width])), first);
    const later = zeros("float32", [length * rows, width]);
    const own = causalMask(length * rows, rows);
    for (let row = 0; row < length * rows; row++) {
      later.data.set(own.data.subarray(row * length * rows, (row + 1) * length * rows), row * width + tokens * rows);
    }
    return where(isEmpty, -1e9, length === 1 ? 0 : constant(later));
  }
}
