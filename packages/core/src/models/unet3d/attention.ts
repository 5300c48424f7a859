import {
  add,
  broadcastTo,
  constant,
  matmul,
  mul,
  reshape,
  silu,
  slice,
  softmax,
  transpose,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { causalMask } from "../causal-mask.js";
import { rotaryTables, rotate } from "../rotary.js";
import type { Scope } from "../scope.js";
import { cosineFirstTable } from "../sinusoid.js";
import type { Frames } from "./blocks.js";
import type { UNet3dConfig } from "./config.js";

/** Three equal parts of x along an axis. */
function thirds(x: Value, axis: number): [Value, Value, Value] {
  const size = (x.shape[axis] as number) / 3;
  const part = (index: number): Value => slice(x, axis, index * size, (index + 1) * size);
  return [part(0), part(1), part(2)];
}

/**
 * x + attention(norm(x)) among the P pixels of each frame: x [F, P, C] -> [F, P, C]. Queries, keys and values lie
 * [F, heads, width, P], which the projections yield and the products read without copies.
 *
 * @param linear Efficient attention (Shen et al. 2021): softmax of the queries over their features and of the keys
 *   over the pixels, so that keys and values can be multiplied first.
 */
export function spatialAttention(scope: Scope, x: Value, config: UNet3dConfig, linear: boolean): Value {
  const { heads, headWidth } = config;
  const [count, pixels] = x.shape as [number, number];
  const projected = matmul(scope.parameter("projection.weight"), scope.layerNorm("norm", x), { transposeB: true });
  const separate = (part: Value): Value => reshape(part, [count, heads, headWidth, pixels]);
  const [query, key, value] = thirds(projected, 1).map(separate) as [Value, Value, Value];
  const scale = 1 / Math.sqrt(headWidth);
  let mixed: Value; // [F, heads, width, P]
  if (linear) {
    const queries = softmax(transpose(query, [0, 1, 3, 2])); // [F, heads, P, width]
    const context = matmul(softmax(key), value, { transposeB: true }); // [F, heads, width of keys, width of values]
    mixed = matmul(mul(context, scale), queries, { transposeA: true, transposeB: true });
  } else {
    const scores = mul(matmul(query, key, { transposeA: true }), scale); // [F, heads, P, P]
    mixed = matmul(value, softmax(scores), { transposeB: true });
  }
  const joined = reshape(mixed, [count, heads * headWidth, pixels]);
  const output = matmul(joined, scope.parameter("output.weight"), { transposeA: true, transposeB: true });
  return add(x, add(output, scope.parameter("output.bias")));
}

/**
 * x + attention(norm(x)) among the frames of each sequence, for every pixel by itself: x [F, P, C] -> [F, P, C].
 * The frames' order enters by rotating queries and keys, or by a learned function of its sinusoid, added to x.
 */
export function temporalAttention(scope: Scope, x: Value, { length, config }: Frames): Value {
  const { heads, headWidth, positions, causal } = config;
  const [count, pixels, channels] = x.shape as [number, number, number];
  const sequences = (count / length) * pixels;
  const placed = positions === "sinusoidal" ? add(x, positionEmbedding(scope, length, x)) : x;
  const rows = reshape(scope.layerNorm("norm", placed), [count * pixels, channels]);
  const projected = matmul(rows, scope.parameter("projection.weight"), { transposeB: true });
  const separate = (part: Value): Value => reshape(part, [length, sequences * heads, headWidth]);
  const [query, key, value] = thirds(projected, 1).map(separate) as [Value, Value, Value];
  const tables = rotaryTables(
    Array.from({ length }, (_, position) => position),
    headWidth,
  );
  const turned = (part: Value): Value => (positions === "rotary" ? rotate(part, tables) : part);
  const sequenceFirst = (part: Value): Value => transpose(part, [1, 0, 2]); // [B * P * heads, T, width]
  const products = matmul(sequenceFirst(turned(query)), sequenceFirst(turned(key)), { transposeB: true });
  const scores = mul(products, 1 / Math.sqrt(headWidth));
  const masked = causal ? add(scores, constant(causalMask(length))) : scores;
  const mixed = sequenceFirst(matmul(softmax(masked), sequenceFirst(value))); // [T, B * P * heads, width]
  const output = scope.linear("output", reshape(mixed, [count * pixels, heads * headWidth]));
  return add(placed, reshape(output, x.shape));
}

/** The embedding of each frame's position, [F, 1, C]. */
function positionEmbedding(scope: Scope, length: number, { shape }: Value): Value {
  const [count, , channels] = shape as [number, number, number];
  const table = constant(cosineFirstTable(0, length, channels));
  const embedded = scope.linear("positions2", silu(scope.linear("positions1", table))); // [T, C]
  const everySequence = [length, count / length, channels];
  return reshape(broadcastTo(reshape(embedded, [length, 1, channels]), everySequence), [count, 1, channels]);
}
