import { describe, expect, it } from "vitest";
import { derivativesAt } from "../../../testing/derivatives-at.js";
import { tensor } from "../../tensor/tensor.js";
import * as ops from "../operations.js";
import { input } from "../trace.js";

describe("derivatives of ops with two operands", () => {
  it.each([
    ["add", ops.add, [1], [1]],
    ["sub", ops.sub, [1], [-1]],
    ["mul", ops.mul, [4], [3]],
    ["div", ops.div, [0.25], [-0.1875]],
    ["maximum", ops.maximum, [0], [1]],
    ["minimum", ops.minimum, [1], [0]],
  ] as const)("%s at (3, 4)", (_name, op, byA, byB) => {
    expect(derivativesAt((a, b) => op(a!, b!), tensor([3]), tensor([4]))).toEqual([byA, byB]);
  });

  it("sums over what broadcasting repeated", () => {
    const column = tensor([10, 20], [2, 1]);
    const row = tensor([1, 2, 3]);
    // d/da of the sum over i, j of a_i b_j is the sum of b, and the other way round.
    expect(derivativesAt((a, b) => ops.mul(a!, b!), column, row)).toEqual([
      [6, 6],
      [30, 30, 30],
    ]);
    expect(derivativesAt((a, b) => ops.mul(a!, b!), tensor([2], []), row)).toEqual([[6], [2, 2, 2]]);
  });

  it("keeps an axis of size 1 that was not repeated", () => {
    expect(derivativesAt((a, b) => ops.sub(a!, b!), tensor([1], [1, 1]), tensor([2], [1]))).toEqual([[1], [-1]]);
  });

  it("splits the derivative at ties of maximum and minimum", () => {
    for (const op of [ops.maximum, ops.minimum]) {
      expect(derivativesAt((a, b) => op(a!, b!), tensor([2]), tensor([2]))).toEqual([[0.5], [0.5]]);
      expect(derivativesAt((x) => op(x!, x!), tensor([2]))).toEqual([[1]]);
    }
  });

  it("clamp passes the derivative inside its range only", () => {
    expect(derivativesAt((x) => ops.clamp(x!, -1, 1), tensor([-2, 0.5, 2]))).toEqual([[0, 1, 0]]);
  });
});

describe("types of ops with two operands", () => {
  const x = input("x", { dtype: "float32", shape: [2, 3] });

  it("broadcasts shapes", () => {
    const column = input("column", { dtype: "float32", shape: [4, 1, 1] });
    expect(ops.add(x, column)).toMatchObject({ dtype: "float32", shape: [4, 2, 3] });
    expect(ops.less(column, x)).toMatchObject({ dtype: "bool", shape: [4, 2, 3] });
  });

  it("names shapes that do not broadcast", () => {
    const y = input("y", { dtype: "float32", shape: [2, 4] });
    expect(() => ops.add(x, y)).toThrow("add: got float32[2, 3] and float32[2, 4]; expected shapes that broadcast");
  });

  it("names dtypes that differ or that the op does not take", () => {
    const i = input("i", { dtype: "int32", shape: [2, 3] });
    expect(() => ops.mul(x, i)).toThrow("mul: got float32[2, 3] and int32[2, 3]; expected operands of one dtype");
    expect(() => ops.div(i, i)).toThrow(
      "div: got int32[2, 3] and int32[2, 3]; expected operands of one dtype out of float32",
    );
    expect(() => ops.and(x, x)).toThrow("expected operands of one dtype out of bool");
  });

  it("gives a number the dtype of the other operand", () => {
    const i = input("i", { dtype: "int32", shape: [2] });
    expect(ops.add(i, 1).dtype).toBe("int32");
    expect(ops.sub(1, x).dtype).toBe("float32");
  });
});
