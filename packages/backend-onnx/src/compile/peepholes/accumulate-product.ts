import { sizeOf, type Value, type ValueOf } from "@diffusion-forcing/core/graph";
import { flag } from "../attributes.js";
import type { Lowering, Peephole } from "../lowering.js";
import { LARGEST_GEMM_WITH_ADDEND } from "../ops/matrix-product.js";
import { reshapedName, toNodeShape } from "./patterns.js";

/**
 * `add(matmul(a, b), c)` of small matrices: Gemm starts from c instead of zero, so that sums of products (a value's
 * gradient over several paths) need no node of their own.
 */
export const accumulateProduct: Peephole = (node, lowering) => {
  if (node.op !== "add" || sizeOf(node.shape) > LARGEST_GEMM_WITH_ADDEND) return undefined;
  for (const side of [1, 0]) {
    const product = productOf(node.inputs[side] as Value, lowering);
    const other = node.inputs[1 - side] as Value;
    if (product === undefined || sizeOf(product.shape) !== sizeOf(node.shape)) continue;
    if (sizeOf(other.shape) !== sizeOf(node.shape)) continue;
    const { transposeA, transposeB } = product.attributes;
    const operands = [...lowering.operands(product), reshapedName(other, product.shape, lowering)];
    const sum = lowering.builder.node("Gemm", operands, { transA: flag(transposeA), transB: flag(transposeB) });
    return toNodeShape(sum, product.shape, node, lowering);
  }
  return undefined;
};

/** The product of two matrices behind `value`, if nothing else needs it. */
function productOf(value: Value, { usedOnce }: Lowering): ValueOf<"matmul"> | undefined {
  if (!usedOnce(value)) return undefined;
  if (value.op === "reshape") {
    const [inner] = value.inputs as readonly [Value];
    return inner.op === "matmul" && inner.shape.length === 2 && bothMatrices(inner) && usedOnce(inner)
      ? inner
      : undefined;
  }
  return value.op === "matmul" && bothMatrices(value) ? value : undefined;
}

function bothMatrices(product: Value): boolean {
  return product.inputs.every((operand) => operand.shape.length === 2);
}
