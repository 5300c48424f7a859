import { type Shape, shapesEqual, sizeOf } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../../device/runtime.js";
import type { KernelRule } from "../rule.js";
import type { Scope } from "../scope.js";
import type { Traits } from "../traits.js";
import { broadcastTo } from "./broadcast.js";

/**
 * A product of [batch, rows, columns] operands, where the kernels agree on broadcasting only if one of the batches is
 * 1: any other is repeated first. A single right-hand matrix turns the left-hand batch into rows of one product.
 */
export const matmul: KernelRule<"matmul"> = (node, operands, scope, traits) => {
  const [a, b] = operands as [NativeTensor, NativeTensor];
  const { transposeA, transposeB } = node.attributes;
  const [batchA, batchB, batch]: [Shape, Shape, Shape] = [batchOf(a), batchOf(b), batchOf(node)];
  const matrix = (x: NativeTensor): number[] => x.shape.slice(-2);
  if (sizeOf(batchB) === 1 && !transposeA) {
    const columns = a.shape[a.shape.length - 1] as number;
    const rows = scope.reshape(a, [1, sizeOf(a.shape) / columns, columns]);
    const right = ownRightOperand(scope.reshape(b, [1, ...matrix(b)]), scope, traits);
    return scope.run("BatchMatMul", { a: rows, b: right }, { transposeA: false, transposeB });
  }
  const stack = (x: NativeTensor, own: Shape): NativeTensor => {
    const size = sizeOf(own);
    const full = size === 1 || shapesEqual(own, batch) || size === sizeOf(batch);
    const filled = full ? x : broadcastTo(x, [...batch, ...matrix(x)], scope);
    return scope.reshape(filled, [full ? size : sizeOf(batch), ...matrix(x)]);
  };
  const right = ownRightOperand(stack(b, batchB), scope, traits);
  return scope.run("BatchMatMul", { a: stack(a, batchA), b: right }, { transposeA, transposeB });
};

function ownRightOperand(x: NativeTensor, scope: Scope, { remembersRightOperands }: Traits): NativeTensor {
  if (!remembersRightOperands || !scope.kernels.wasOtherMatrix(x)) return x;
  return scope.run("Tile", { x }, { reps: [1, 1, 1] });
}

function batchOf({ shape }: { readonly shape: Shape }): Shape {
  return shape.slice(0, -2);
}

export const linear: KernelRule<"linear"> = (_node, operands, scope) => {
  const [x, weight, bias] = operands as [NativeTensor, NativeTensor, NativeTensor];
  const single = (matrix: NativeTensor): NativeTensor => scope.reshape(matrix, [1, ...matrix.shape]);
  return scope.run(
    "_FusedMatMul",
    { a: single(x), b: single(weight), bias },
    { transposeA: false, transposeB: true, activation: "linear" },
  );
};
