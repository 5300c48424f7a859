import { describe, expect, it } from "vitest";
import { derivativesAt } from "../../../testing/derivatives-at.js";
import { tensor } from "../../tensor/tensor.js";
import * as ops from "../operations.js";
import { input } from "../trace.js";

describe("where", () => {
  it("passes each derivative to the operand that was chosen", () => {
    const condition = tensor(Uint8Array.of(1, 0, 1));
    const choose = derivativesAt((c, a, b) => ops.where(c!, a!, b!), condition, tensor([1, 2, 3]), tensor([4], []));
    expect(choose).toEqual([[1, 0, 1], [1]]);
  });

  it("names what does not fit", () => {
    const x = input("x", { dtype: "float32", shape: [3] });
    const wide = input("wide", { dtype: "float32", shape: [4] });
    const condition = input("condition", { dtype: "bool", shape: [3] });
    expect(() => ops.where(x, x, x)).toThrow(
      "where: got float32[3], float32[3], float32[3]; expected a bool condition",
    );
    expect(() => ops.where(condition, x, wide)).toThrow(
      "where: got bool[3] and float32[3] and float32[4]; expected shapes",
    );
  });
});

describe("cast", () => {
  it("has no derivative through another dtype", () => {
    const steps = derivativesAt((x) => ops.mul(ops.cast(ops.cast(x!, "int32"), "float32"), x!), tensor([2.5]));
    expect(steps).toEqual([[2]]);
  });

  it("to the same dtype is the value itself", () => {
    const x = input("x", { dtype: "float32", shape: [3] });
    expect(ops.cast(x, "float32")).toBe(x);
    expect(ops.cast(x, "bool")).toMatchObject({ dtype: "bool", shape: [3] });
  });
});

describe("stopGradient", () => {
  it("makes its operand a constant of the derivative", () => {
    expect(derivativesAt((x) => ops.mul(x!, ops.stopGradient(x!)), tensor([3]))).toEqual([[3]]);
  });
});
