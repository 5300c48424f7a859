import { describe, expect, it } from "vitest";
import { derivativesAt } from "../../../testing/derivatives-at.js";
import { tensor } from "../../tensor/tensor.js";
import { emit } from "../emit.js";
import * as ops from "../operations.js";
import { input } from "../trace.js";

describe("sum, mean and max", () => {
  const x = tensor([1, 2, 3, 4, 5, 6], [2, 3]);

  it("sum repeats the derivative over what it added up", () => {
    expect(derivativesAt((v) => ops.mul(ops.sum(v!, 1), ops.constant(tensor([10, 20]))), x)).toEqual([
      [10, 10, 10, 20, 20, 20],
    ]);
    expect(derivativesAt((v) => ops.mul(ops.sum(v!, 0, true), ops.constant(tensor([1, 2, 3]))), x)).toEqual([
      [1, 2, 3, 1, 2, 3],
    ]);
  });

  it("mean divides by the number of elements", () => {
    expect(derivativesAt((v) => ops.mean(v!, 0), x)).toEqual([[0.5, 0.5, 0.5, 0.5, 0.5, 0.5]]);
  });

  it("max passes the derivative to the largest; ties share it", () => {
    expect(derivativesAt((v) => ops.max(v!, 1), x)).toEqual([[0, 0, 1, 0, 0, 1]]);
    expect(derivativesAt((v) => ops.max(v!), tensor([7, 3, 7, 7, 7]))).toEqual([[0.25, 0, 0.25, 0.25, 0.25]]);
  });

  it("infers shapes", () => {
    const v = input("v", { dtype: "int32", shape: [2, 3, 4] });
    expect(ops.sum(v, [0, -1])).toMatchObject({ dtype: "int32", shape: [3] });
    expect(ops.max(v, 1, true)).toMatchObject({ shape: [2, 1, 4] });
    expect(ops.sum(v)).toMatchObject({ shape: [] });
  });

  it("names axes that do not exist or stand twice, and dtypes it does not take", () => {
    const v = input("v", { dtype: "float32", shape: [2, 3] });
    const b = input("b", { dtype: "bool", shape: [2] });
    expect(() => ops.sum(v, 2)).toThrow(
      "sum: axis 2 does not exist in a tensor of rank 2; expected an integer from -2 to 1",
    );
    expect(() => emit("sum", [v], { axes: [1, 0], keepDims: false })).toThrow(
      "sum: axes [1, 0] must increase within 0..1",
    );
    expect(() => ops.max(v, [0, 0])).toThrow("max: axes [0, 0] must increase");
    expect(() => ops.sum(b)).toThrow("sum: got bool[2]");
  });
});
