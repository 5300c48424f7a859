import {
  add,
  concat,
  constant,
  matmul,
  mul,
  reshape,
  slice,
  softmax,
  transpose,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { HostTensor } from "../../engine/tensor/tensor.js";
import { causalMask } from "../causal-mask.js";
import { type RotaryTables, rotate } from "../rotary.js";

/** Which rows attend to each other, of rows that lie [outer, length, inner]. */
export interface Groups {
  readonly outer: number;
  /** The axis along which they attend. */
  readonly length: number;
  readonly inner: number;
}

export interface AttentionOptions {
  readonly groups: Groups;
  readonly heads: number;
  /** Turn queries and keys by position; [length, width / heads] each. */
  readonly rotary: RotaryTables | undefined;
  /** Rows of a frame, if rows see their own and earlier frames only; undefined: all see all. */
  readonly causalBlock: number | undefined;
}

/** Fewer rows at a time would save less arithmetic than more products cost. */
const FEWEST_ROWS = 64;
const MOST_PARTS = 8;

/** A causal sequence cut into parts of whole frames: [from, to) of each. */
export function causalParts(length: number, block: number): readonly (readonly [from: number, to: number])[] {
  const frames = Math.max(Math.ceil(FEWEST_ROWS / block), Math.ceil(length / block / MOST_PARTS));
  const size = frames * block;
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => [i * size, Math.min((i + 1) * size, length)]);
}

/**
 * Multi-head scaled dot-product self-attention of projected rows [outer * length * inner, 3 width] (queries, keys and
 * values side by side): [outer * length * inner, width].
 *
 * Causal attention goes part by part, each over the keys up to its own end: of 8 frames, 36 of 64 pairs of frames are
 * computed at all, and parts of one frame need no mask.
 */
export function selfAttention(projected: Value, { groups, heads, rotary, causalBlock }: AttentionOptions): Value {
  const [rows, tripled] = projected.shape as [number, number];
  const width = tripled / 3;
  const { outer, length, inner } = groups;
  const depth = width / heads;
  const part = (index: number): Value => {
    const own = slice(projected, 1, index * width, (index + 1) * width);
    return reshape(own, [outer, length, inner * heads, depth]);
  };
  const turned = (x: Value): Value => (rotary === undefined ? x : rotate(x, rotary, 1));
  // With one outer group the heads are read through strides instead of being copied together.
  const together = (x: Value): Value => {
    const count = x.shape[1] as number;
    return outer === 1
      ? transpose(reshape(x, [count, inner * heads, depth]), [1, 0, 2])
      : reshape(transpose(x, [0, 2, 1, 3]), [outer * inner * heads, count, depth]);
  };
  const apart = (x: Value): Value => {
    const count = x.shape[1] as number;
    const split = [outer, inner * heads, count, depth];
    return outer === 1
      ? reshape(transpose(x, [1, 0, 2]), [1, count, inner * heads, depth])
      : transpose(reshape(x, split), [0, 2, 1, 3]);
  };
  const [query, key, value] = [turned(part(0)), turned(part(1)), part(2)];
  const attend = (from: number, to: number, mask: HostTensor<"float32"> | undefined): Value => {
    const [own, keys, values] = [slice(query, 1, from, to), slice(key, 1, 0, to), slice(value, 1, 0, to)];
    const products = matmul(together(own), together(keys), { transposeB: true });
    const scores = mul(products, 1 / Math.sqrt(depth));
    const masked = mask === undefined ? scores : add(scores, constant(mask));
    return apart(matmul(softmax(masked), together(values)));
  };
  const parts = causalBlock === undefined ? [[0, length] as const] : causalParts(length, causalBlock);
  const mixed = parts.map(([from, to]) => {
    const isOneFrame = causalBlock === undefined || to - from <= causalBlock;
    return attend(from, to, isOneFrame ? undefined : lastRows(causalMask(to, causalBlock), from));
  });
  return reshape(concat(mixed, 1), [rows, width]);
}

/** Rows `from` and on of a square matrix. */
function lastRows({ data, shape: [size = 0] }: HostTensor<"float32">, from: number): HostTensor<"float32"> {
  return { dtype: "float32", shape: [size - from, size], data: data.slice(from * size) };
}
