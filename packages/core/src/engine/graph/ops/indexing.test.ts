import { describe, expect, it } from "vitest";
import { derivativesAt } from "../../../testing/derivatives-at.js";
import { tensor } from "../../tensor/tensor.js";
import * as ops from "../operations.js";
import { input } from "../trace.js";

describe("gather and scatterAdd", () => {
  it("a row gathered twice gets both derivatives, one never gathered gets none", () => {
    const table = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
    const at = tensor(Int32Array.of(2, 0, 2));
    const weights = ops.constant(tensor([1, 2, 3, 4, 5, 6], [3, 2]));
    expect(derivativesAt((t, i) => ops.mul(ops.gather(t!, i!), weights), table, at)).toEqual([[3, 4, 0, 0, 6, 8]]);
  });

  it("scatterAdd is gather's transpose", () => {
    const updates = tensor([1, 2, 3]);
    const at = tensor(Int32Array.of(1, 1, 0));
    const weights = ops.constant(tensor([10, 20, 30]));
    expect(derivativesAt((u, i) => ops.mul(ops.scatterAdd(u!, i!, 3), weights), updates, at)).toEqual([[20, 20, 10]]);
  });

  it("infers shapes and names what does not fit", () => {
    const table = input("table", { dtype: "bool", shape: [5, 3] });
    const at = input("at", { dtype: "int32", shape: [2, 4] });
    const x = input("x", { dtype: "float32", shape: [2, 3] });
    const scalar = input("scalar", { dtype: "float32", shape: [] });
    expect(ops.gather(table, at)).toMatchObject({ dtype: "bool", shape: [2, 4, 3] });
    expect(() => ops.gather(table, x)).toThrow(
      "gather: got bool[5, 3] and float32[2, 3]; expected a table [N, ...] and int32",
    );
    expect(() => ops.gather(scalar, at)).toThrow("gather: got float32[] and int32[2, 4]");
    expect(() => ops.scatterAdd(x, at, 5)).toThrow(
      "scatterAdd: got float32[2, 3] and int32[2, 4]; expected float32 updates",
    );
  });
});
