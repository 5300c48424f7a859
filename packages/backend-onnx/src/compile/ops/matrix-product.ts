import { sizeOf, type Value } from "@diffusion-forcing/core/graph";
import { flag, float, ints } from "../attributes.js";
import type { Lowering, LoweringRule } from "../lowering.js";

/** One operand of a matrix product, as the product reads it. */
export interface Factor {
  readonly value: Value;
  /** Swaps the last two axes. */
  readonly transposed: boolean;
  /**
   * The stored axes are [rows, ...batch, columns] and the product reads [...batch, rows, columns]
   * (FusedMatMul's transBatch): attention heads in the token-first layout [T, B * heads, D] need no copy.
   */
  readonly batchInside: boolean;
}

/** alpha * a' b' over the last two axes, the leading axes broadcast. */
export function emitProduct(a: Factor, b: Factor, alpha: number, { builder, nameOf, target }: Lowering): string {
  const names = [nameOf(a.value), nameOf(b.value)];
  if (a.value.shape.length === 2 && b.value.shape.length === 2) {
    const attributes = { transA: flag(a.transposed), transB: flag(b.transposed), alpha: float(alpha) };
    return builder.node("Gemm", names, attributes);
  }
  if (!a.transposed && !b.transposed && !a.batchInside && !b.batchInside && alpha === 1) {
    return builder.node("MatMul", names);
  }
  if (!target.fusedProducts) {
    const operands = [a, b].map((factor) => transposed(factor));
    const product = builder.node("MatMul", operands);
    return alpha === 1 ? product : builder.node("Mul", [product, builder.float(alpha)]);
  }
  const attributes = {
    transA: flag(a.transposed),
    transB: flag(b.transposed),
    transBatchA: flag(a.batchInside),
    transBatchB: flag(b.batchInside),
    alpha: float(alpha),
  };
  return builder.node("FusedMatMul", names, attributes, { domain: "com.microsoft" });

  function transposed({ value, transposed: swap }: Factor): string {
    if (!swap) return nameOf(value);
    const rank = value.shape.length;
    const permutation = value.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
    return builder.node("Transpose", [nameOf(value)], { perm: ints(permutation) });
  }
}

export const matmul: LoweringRule<"matmul"> = (node, lowering) => {
  const [a, b] = node.inputs as readonly [Value, Value];
  const { transposeA, transposeB } = node.attributes;
  const left = { value: a, transposed: transposeA, batchInside: false };
  const right = { value: b, transposed: transposeB, batchInside: false };
  return emitProduct(left, right, 1, lowering);
};

/**
 * Up to how many elements of a result Gemm's third operand saves time. ONNX Runtime copies it into the result on
 * one thread before it multiplies; for large results an Add, which runs on all threads, is faster.
 */
export const LARGEST_GEMM_WITH_ADDEND: number = 2 ** 16;

export const linear: LoweringRule<"linear"> = (node, { builder, operands }) => {
  const [x, weight, bias] = operands(node) as [string, string, string];
  const attributes = { transB: flag(true) };
  if (sizeOf(node.shape) <= LARGEST_GEMM_WITH_ADDEND) return builder.node("Gemm", [x, weight, bias], attributes);
  return builder.node("Add", [builder.node("Gemm", [x, weight], attributes), bias]);
};
