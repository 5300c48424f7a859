import { describe, expect, it } from "vitest";
import { derivativesAt } from "../../../testing/derivatives-at.js";
import { tensor } from "../../tensor/tensor.js";
import * as ops from "../operations.js";
import { input } from "../trace.js";

describe("derivatives of elementwise ops", () => {
  it.each([
    ["neg", ops.neg, [3], [-1]],
    ["abs", ops.abs, [-2, 0, 2], [-1, 0, 1]],
    ["exp", ops.exp, [0, -2], [1, 0.1353353]],
    ["log", ops.log, [0.5, 4], [2, 0.25]],
    ["sqrt", ops.sqrt, [0.25, 4], [1, 0.25]],
    ["sin", ops.sin, [0, 1], [1, 0.5403023]],
    ["cos", ops.cos, [0, 1], [0, -0.841471]],
    ["tanh", ops.tanh, [0, 1], [1, 0.4199743]],
    ["sigmoid", ops.sigmoid, [0, 2], [0.25, 0.1049936]],
    ["erf", ops.erf, [0, 1], [1.1283792, 0.4151075]],
    ["relu", ops.relu, [-1, 0, 1], [0, 0, 1]],
    ["square", ops.square, [3], [6]],
    ["silu", ops.silu, [0], [0.5]],
    ["sign", ops.sign, [2], [0]],
    ["floor", ops.floor, [2.5], [0]],
    ["heaviside", ops.heaviside, [2.5], [0]],
  ] as const)("%s", (_name, op, x, expected) => {
    const [slopes] = derivativesAt(op, tensor([...x]));
    for (const [i, slope] of slopes!.entries()) expect(slope).toBeCloseTo(expected[i] as number, 6);
  });
});

describe("types of elementwise ops", () => {
  it("keeps dtype and shape", () => {
    const x = input("x", { dtype: "int32", shape: [2, 3] });
    expect(ops.neg(x)).toMatchObject({ op: "neg", dtype: "int32", shape: [2, 3] });
  });

  it("refuses other dtypes, naming the operand and the way out", () => {
    const i = input("i", { dtype: "int32", shape: [2, 3] });
    const b = input("b", { dtype: "bool", shape: [4] });
    const message = "exp: got int32[2, 3]; expected operands of one dtype out of float32. Use cast().";
    expect(() => ops.exp(i)).toThrow(message);
    expect(() => ops.neg(b)).toThrow("neg: got bool[4]; expected operands of one dtype out of float32, int32.");
    expect(() => ops.not(i)).toThrow("not: got int32[2, 3]; expected operands of one dtype out of bool.");
  });
});
