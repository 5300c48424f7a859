import { add, constant, matmul, mul, reshape, slice, softmax, transpose } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { HostTensor } from "../../engine/tensor/tensor.js";
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
  /** Added to the scores, [length, length]. */
  readonly mask: HostTensor<"float32"> | undefined;
}

/**
 * Multi-head scaled dot-product self-attention of projected rows [outer * length * inner, 3 width] (queries, keys and
 * values side by side): [outer * length * inner, width].
 */
export function selfAttention(projected: Value, { groups, heads, rotary, mask }: AttentionOptions): Value {
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
  const together = (x: Value): Value =>
    outer === 1
      ? transpose(reshape(x, [length, inner * heads, depth]), [1, 0, 2])
      : reshape(transpose(x, [0, 2, 1, 3]), [outer * inner * heads, length, depth]);
  const apart = (x: Value): Value =>
    outer === 1 ? transpose(x, [1, 0, 2]) : transpose(reshape(x, [outer, inner * heads, length, depth]), [0, 2, 1, 3]);
  const products = matmul(together(turned(part(0))), together(turned(part(1))), { transposeB: true });
  const scores = mul(products, 1 / Math.sqrt(depth));
  const masked = mask === undefined ? scores : add(scores, constant(mask));
  return reshape(apart(matmul(softmax(masked), together(part(2)))), [rows, width]);
}
