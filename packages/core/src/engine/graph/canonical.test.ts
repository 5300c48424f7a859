import { describe, expect, it } from "vitest";
import { tensor } from "../tensor/tensor.js";
import { canonicalAttributes } from "./canonical.js";
import { emit } from "./emit.js";
import { constant, neg, sum } from "./operations.js";
import { input } from "./trace.js";

const x = input("x", { dtype: "float32", shape: [2, 3] });

describe("canonicalAttributes", () => {
  it("does not depend on the order of keys", () => {
    const reversed = emit("sum", [x], { keepDims: true, axes: [1] });
    expect(canonicalAttributes(reversed)).toBe(canonicalAttributes(sum(x, 1, true)));
    expect(canonicalAttributes(reversed)).toBe("axes=[1] keepDims=true");
  });

  it("is empty without attributes and leaves the elements of constants out", () => {
    expect(canonicalAttributes(neg(x))).toBe("");
    expect(canonicalAttributes(constant(tensor([1, 2, 3])))).toBe("shape=[3]");
  });

  it("keeps numbers apart that JSON would merge", () => {
    const texts = [0, -0, NaN, Infinity, -Infinity].map((value) =>
      canonicalAttributes(emit("pad", [x], { low: [0, 0], high: [0, 0], value })),
    );
    expect(new Set(texts).size).toBe(5);
  });
});
