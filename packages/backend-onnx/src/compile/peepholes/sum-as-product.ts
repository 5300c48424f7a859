import { sizeOf, type Value, type ValueOf } from "@diffusion-forcing/core/graph";
import { float } from "../attributes.js";
import type { Lowering, Peephole } from "../lowering.js";
import { ones, reshapedName, scaledValue, toNodeShape } from "./patterns.js";

/** Below this many rows a reduction is as fast as a product. */
const FEWEST_ROWS = 16;

/**
 * Sums as products with a vector, which ONNX Runtime computes several times faster than its reductions:
 *
 * - over the leading axes: `ones x`, or `c x` for `sum(mul(x, c))` with one factor a row (bias and scale gradients);
 * - over the last axis: `x v` for `sum(mul(x, v))` with one factor a column, which also saves writing the product.
 */
export const sumAsProduct: Peephole = (node, lowering) =>
  node.op === "sum" ? scaledSum(node, 1, node, lowering) : undefined;

/** `sum(x) c`: the factor becomes the product's alpha. Means are written this way. */
export const scaledSumAsProduct: Peephole = (node, lowering) => {
  const scaled = scaledValue(node);
  if (scaled?.x.op !== "sum" || !lowering.usedOnce(scaled.x)) return undefined;
  return scaledSum(scaled.x, scaled.factor, node, lowering);
};

function scaledSum(node: ValueOf<"sum">, alpha: number, target: Value, lowering: Lowering): string | undefined {
  const [x] = node.inputs as readonly [Value];
  if (x.dtype !== "float32") return undefined;
  const { axes } = node.attributes;
  const rank = x.shape.length;
  const leading = axes.every((axis, i) => axis === i) && axes.length < rank;
  if (leading) return sumOfRows(x, axes.length, alpha, target, lowering);
  if (axes.length === 1 && axes[0] === rank - 1) return sumOfWeightedColumns(x, alpha, target, lowering);
  return undefined;
}

function sumOfRows(x: Value, axes: number, alpha: number, target: Value, lowering: Lowering): string | undefined {
  const rows = sizeOf(x.shape.slice(0, axes));
  const columns = sizeOf(x.shape.slice(axes));
  if (rows < FEWEST_ROWS || columns === 1) return undefined;
  const fitsRows = (weight: Value): boolean => sizeOf(weight.shape) === rows && leadsWith(weight, x.shape, axes);
  const perRow = lowering.usedOnce(x) ? weighting(x, fitsRows) : undefined;
  const matrix = reshapedName(perRow?.x ?? x, [rows, columns], lowering);
  const weights = perRow === undefined ? ones([1, rows], lowering) : reshapedName(perRow.weight, [1, rows], lowering);
  const sum = lowering.builder.node("Gemm", [weights, matrix], { alpha: float(alpha) });
  return toNodeShape(sum, [1, columns], target, lowering);
}

function sumOfWeightedColumns(x: Value, alpha: number, target: Value, lowering: Lowering): string | undefined {
  const columns = x.shape[x.shape.length - 1] as number;
  const rows = sizeOf(x.shape) / columns;
  const perColumn = weighting(x, ({ shape }) => sizeOf(shape) === columns && shape[shape.length - 1] === columns);
  if (rows < FEWEST_ROWS || columns === 1 || perColumn === undefined) return undefined;
  const matrix = reshapedName(perColumn.x, [rows, columns], lowering);
  const weights = reshapedName(perColumn.weight, [columns, 1], lowering);
  const sum = lowering.builder.node("Gemm", [matrix, weights], { alpha: float(alpha) });
  return toNodeShape(sum, [rows, 1], target, lowering);
}

/** `mul(x, weight)` taken apart, if the weight fits. */
function weighting(product: Value, fits: (weight: Value) => boolean): { x: Value; weight: Value } | undefined {
  if (product.op !== "mul") return undefined;
  const [a, b] = product.inputs as readonly [Value, Value];
  const size = sizeOf(product.shape);
  if (fits(b) && sizeOf(a.shape) === size) return { x: a, weight: b };
  if (fits(a) && sizeOf(b.shape) === size) return { x: b, weight: a };
  return undefined;
}

/** Whether `weight` has the sizes of `shape` on its first `axes` axes and 1 on the others. */
function leadsWith(weight: Value, shape: readonly number[], axes: number): boolean {
  return weight.shape.length === shape.length && weight.shape.every((size, i) => size === (i < axes ? shape[i] : 1));
}
