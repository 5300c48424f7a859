import { add, constant, matmul, mul, reshape, softmax, transpose } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { sizeOf } from "../../engine/tensor/shape.js";
import { causalMask } from "../causal-mask.js";
import type { LayerMemory, MemoryReading } from "../key-value-memory.js";
import { type RotaryTables, rotaryTables, rotate, rotateBack } from "../rotary.js";
import type { Scope } from "../scope.js";
import type { TransformerConfig } from "./config.js";

/** How the layer of that index mixes rows [T * B, width] along time, by the weights in `scope`. */
export type Attention = (scope: Scope, x: Value, index: number) => Value;

/**
 * The slowest pair of features turns once in some 600 tokens: windows hold tens to hundreds. With the 10000 of language
 * models most pairs of a narrow head would hardly turn, and sequences be told apart much worse.
 */
const ROTARY_BASE = 100;

/** Tables for `length` tokens in a row, the first at `first`. */
function turnsFrom(first: number, length: number, { width, heads }: TransformerConfig): RotaryTables {
  return rotaryTables(
    Array.from({ length }, (_, i) => first + i),
    width / heads,
    ROTARY_BASE,
  );
}

/** Multi-head scaled dot-product self-attention of the tokens of a window. */
export function windowAttention(config: TransformerConfig, length: number): Attention {
  const depth = config.width / config.heads;
  const turns = turnsFrom(0, length, config);
  const isRotary = config.positions === "rotary";
  const turned = (x: Value): Value => (isRotary ? rotate(x, turns) : x);
  return (scope, x) => {
    const separate = [length, sizeOf(x.shape) / (length * depth), depth];
    const heads = (role: string): Value => reshape(scope.linear(role, x), separate);
    const together = (part: Value): Value => transpose(part, [1, 0, 2]); // [B * heads, T, depth]
    const [query, key] = [together(turned(heads("query"))), together(turned(heads("key")))];
    const scores = mul(matmul(query, key, { transposeB: true }), 1 / Math.sqrt(depth));
    const masked = config.causal ? add(scores, constant(causalMask(length))) : scores;
    const mixed = together(matmul(softmax(masked), together(turned(heads("value"))))); // [T, B * heads, depth]
    return scope.linear("output", reshape(isRotary ? rotateBack(mixed, turns) : mixed, x.shape));
  };
}

/** What the layers of a model remember. */
export function layerMemories({ layers, heads, width }: TransformerConfig): LayerMemory[] {
  return Array.from({ length: layers }, (_, index) => {
    return { name: `layers.${index}`, groups: heads, rows: 1, depth: width / heads };
  });
}

/** As {@link windowAttention}, of `length` tokens that stand after what is remembered. */
export function memoryAttention(config: TransformerConfig, length: number, reading: MemoryReading): Attention {
  const { heads, width } = config;
  const memories = layerMemories(config);
  const turns = {
    past: turnsFrom(-reading.tokens, reading.tokens, config),
    own: turnsFrom(0, length, config),
    turnsValues: true,
  };
  return (scope, x, index) => {
    const separate = [length, sizeOf(x.shape) / (length * width), heads, width / heads];
    const part = (role: string): Value => transpose(reshape(scope.linear(role, x), separate), [1, 2, 0, 3]);
    const own = { keys: part("key"), values: part("value") }; // [B, heads, n, depth]
    const mixed = reading.attend(memories[index] as LayerMemory, part("query"), own, turns);
    return scope.linear("output", reshape(transpose(mixed, [2, 0, 1, 3]), x.shape));
  };
}
