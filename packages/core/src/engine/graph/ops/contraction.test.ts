import { describe, expect, it } from "vitest";
import { derivativesAt } from "../../../testing/derivatives-at.js";
import { tensor } from "../../tensor/tensor.js";
import * as ops from "../operations.js";
import { input } from "../trace.js";

describe("matmul", () => {
  const flags = [false, true];
  const cases = flags.flatMap((transposeA) => flags.map((transposeB) => ({ transposeA, transposeB })));
  // a = [[1, 2]], b = [[3, 4, 5], [6, 7, 8]], weights of the product [[1, 10, 100]]:
  // d/da = weights b' = [543, 876], d/db = a' weights = [[1, 10, 100], [2, 20, 200]].
  it.each(cases)("derivatives with %j", ({ transposeA, transposeB }) => {
    const a = tensor([1, 2], transposeA ? [2, 1] : [1, 2]);
    const b = transposeB ? tensor([3, 6, 4, 7, 5, 8], [3, 2]) : tensor([3, 4, 5, 6, 7, 8], [2, 3]);
    const weights = ops.constant(tensor([1, 10, 100], [1, 3]));
    expect(derivativesAt((x, y) => ops.mul(ops.matmul(x!, y!, { transposeA, transposeB }), weights), a, b)).toEqual([
      [543, 876],
      transposeB ? [1, 2, 10, 20, 100, 200] : [1, 10, 100, 2, 20, 200],
    ]);
  });

  it("sums the derivative over the matrices that shared an operand", () => {
    const a = tensor([1, 2, 3], [3, 1, 1]);
    expect(derivativesAt((x, y) => ops.matmul(x!, y!), a, tensor([5], [1, 1]))).toEqual([[5, 5, 5], [6]]);
  });

  it("infers shapes and names what does not fit", () => {
    const a = input("a", { dtype: "float32", shape: [7, 1, 2, 3] });
    const b = input("b", { dtype: "float32", shape: [5, 3, 4] });
    expect(ops.matmul(a, b).shape).toEqual([7, 5, 2, 4]);
    expect(() => ops.matmul(a, b, { transposeA: true })).toThrow(
      "matmul: got float32[7, 1, 2, 3] and float32[5, 3, 4]; expected [..., M, K] and [..., K, N] (transposeA true, transposeB false)",
    );
    const vector = input("vector", { dtype: "float32", shape: [3] });
    expect(() => ops.matmul(a, vector)).toThrow("expected at least two axes each");
    const wide = input("wide", { dtype: "float32", shape: [2, 2, 3, 4] });
    expect(() => ops.matmul(b, ops.transpose(wide, [0, 1, 3, 2]))).toThrow("with leading axes that broadcast");
  });
});
