import type { Value, ValueOf } from "@diffusion-forcing/core/graph";
import type { Lowering, Peephole } from "../lowering.js";
import { emitProduct, type Factor } from "../ops/matrix-product.js";
import { scaledValue } from "./patterns.js";

/**
 * `matmul(transpose(a) c, b)`: the product reads heads in place (FusedMatMul's transBatch) and multiplies by scalar
 * constants itself (alpha), instead of copying its operands.
 */
export const absorbIntoProduct: Peephole = (node, lowering) =>
  node.op === "matmul" ? scaledProduct(node, 1, lowering) : undefined;

/** `matmul(a, b) c`: the factor becomes the product's alpha. */
export const scaleProduct: Peephole = (node, lowering) => {
  const scaled = scaledValue(node);
  if (scaled?.x.op !== "matmul" || !lowering.usedOnce(scaled.x)) return undefined;
  return scaledProduct(scaled.x, scaled.factor, lowering);
};

/** Undefined if the product's own rule does as well. */
function scaledProduct(node: ValueOf<"matmul">, factor: number, lowering: Lowering): string | undefined {
  const [a, b] = node.inputs as readonly [Value, Value];
  const flat = a.shape.length === 2 && b.shape.length === 2;
  if (!lowering.target.fusedProducts && !flat) return undefined;
  const sameBatch = a.shape.length === b.shape.length && a.shape.slice(0, -2).every((size, i) => size === b.shape[i]);
  const left = peel(a, node.attributes.transposeA, sameBatch);
  const right = peel(b, node.attributes.transposeB, sameBatch);
  const alpha = factor * left.factor * right.factor;
  if (alpha === 1 && !left.batchInside && !right.batchInside) return undefined;
  return emitProduct(left, right, alpha, lowering);
}

/** Removes scalar factors and the move of the row axis before the batch axes from an operand. */
function peel(operand: Value, transposed: boolean, mayMoveBatch: boolean): Factor & { readonly factor: number } {
  let value = operand;
  let factor = 1;
  let batchInside = false;
  for (;;) {
    const scaled = scaledValue(value);
    if (scaled !== undefined) {
      value = scaled.x;
      factor *= scaled.factor;
    } else if (mayMoveBatch && !batchInside && movesRowsInside(value)) {
      value = value.inputs[0] as Value;
      batchInside = true;
    } else {
      return { value, transposed, batchInside, factor };
    }
  }
}

/** [rows, ...batch, columns] -> [...batch, rows, columns] */
function movesRowsInside(value: Value): boolean {
  if (value.op !== "transpose") return false;
  const { permutation } = value.attributes;
  const last = permutation.length - 1;
  return last >= 2 && permutation.every((axis, i) => axis === (i === last ? last : i === last - 1 ? 0 : i + 1));
}
