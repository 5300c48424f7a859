import { describe, expect, it } from "vitest";
import type { DType } from "../../tensor/dtype.js";
import { tensor } from "../../tensor/tensor.js";
import { emit } from "../emit.js";
import * as op from "../operations.js";
import { printGraph } from "../print.js";
import { trace } from "../trace.js";
import type { Value } from "../value.js";
import { simplifyAlgebra } from "./algebraic-identities.js";

/** What a function of x and y [2, 3] becomes, as nested calls; constants by their first element. */
function simplified(
  fn: (x: Value, y: Value) => Value,
  dtype: DType = "float32",
  shape: readonly number[] = [2, 3],
): string {
  const graph = trace({ x: { dtype, shape }, y: { dtype, shape } }, ({ x, y }) => ({ result: fn(x, y) }));
  const text = (node: Value): string => {
    if (node.op === "input") return node.attributes.name;
    if (node.op === "constant") return Object.is(node.attributes.data[0], -0) ? "-0" : String(node.attributes.data[0]);
    const shaped = ["reshape", "broadcast"].includes(node.op) ? `[${node.shape}]` : "";
    return `${node.op}${shaped}(${node.inputs.map(text).join(", ")})`;
  };
  return text(simplifyAlgebra(graph).outputs.result as Value);
}

const row = op.constant(tensor([5, 6, 7]));

describe("simplifyAlgebra: arithmetic", () => {
  it("drops neutral elements on the sides where they are neutral", () => {
    expect(simplified((x) => op.add(x, 0))).toBe("x");
    expect(simplified((x) => op.add(0, x))).toBe("x");
    expect(simplified((x) => op.sub(x, 0))).toBe("x");
    expect(simplified((x) => op.sub(0, x))).toBe("sub(0, x)");
    expect(simplified((x) => op.mul(x, 1))).toBe("x");
    expect(simplified((x) => op.mul(op.constant(tensor([1, 1, 1])), x))).toBe("x");
    expect(simplified((x) => op.div(x, 1))).toBe("x");
    expect(simplified((x) => op.div(1, x))).toBe("div(1, x)");
    expect(simplified((x) => op.mul(x, op.constant(tensor([1, 1, 2]))))).toBe("mul(x, 1)");
  });

  it("keeps the shape that a neutral element broadcast to", () => {
    expect(simplified((x) => op.add(op.sum(x, 0), op.constant(tensor([0, 0], [2, 1]))))).toBe("broadcast[2,3](sum(x))");
  });

  it("does not lose infinities and NaN to zeros", () => {
    expect(simplified((x) => op.mul(x, 0))).toBe("mul(x, 0)");
    expect(simplified((x) => op.sub(x, x))).toBe("sub(x, x)");
    expect(simplified((x) => op.div(x, x))).toBe("div(x, x)");
  });

  it("moves signs out of the way", () => {
    expect(simplified((x) => op.neg(op.neg(x)))).toBe("x");
    expect(simplified((x, y) => op.add(x, op.neg(y)))).toBe("sub(x, y)");
    expect(simplified((x, y) => op.add(op.neg(x), y))).toBe("sub(y, x)");
    expect(simplified((x, y) => op.sub(x, op.neg(y)))).toBe("add(x, y)");
    expect(simplified((x, y) => op.neg(op.sub(x, y)))).toBe("sub(y, x)");
    expect(simplified((x, y) => op.mul(op.neg(x), op.neg(y)))).toBe("mul(x, y)");
    expect(simplified((x) => op.mul(x, -1))).toBe("neg(x)");
    expect(simplified((x) => op.neg(op.mul(x, 3)))).toBe("mul(x, -3)");
    expect(simplified((x) => op.mul(op.neg(x), 3))).toBe("mul(x, -3)");
    expect(simplified((x) => op.not(op.not(x)), "bool")).toBe("x");
  });

  it("merges scalar factors, unless their product leaves the float32 range", () => {
    expect(simplified((x) => op.mul(op.mul(x, 2), 3))).toBe("mul(x, 6)");
    expect(simplified((x) => op.mul(0.5, op.mul(4, op.mul(0.5, x))))).toBe("x");
    expect(simplified((x) => op.mul(op.neg(op.mul(x, 2)), 3))).toBe("mul(x, -6)");
    expect(simplified((x) => op.add(x, x))).toBe("mul(x, 2)");
    expect(simplified((x) => op.mul(op.mul(x, row), 3))).toBe("mul(mul(x, 5), 3)");
    const huge = Math.fround(1e30);
    expect(simplified((x) => op.mul(op.mul(x, 1e30), 1e30))).toBe(`mul(mul(x, ${huge}), ${huge})`);
    expect(simplified((x) => op.mul(op.mul(x, 0), 2))).toBe("mul(mul(x, 0), 2)");
    expect(simplified((x) => op.mul(op.mul(x, 2), 3), "int32")).toBe("mul(mul(x, 2), 3)");
  });

  it("drops casts that change nothing and stopGradient", () => {
    expect(simplified((x) => emit("cast", [x], { dtype: "float32" }))).toBe("x");
    expect(simplified((x) => op.cast(x, "int32"))).toBe("cast(x)");
    expect(simplified((x) => op.exp(op.stopGradient(x)))).toBe("exp(x)");
  });
});

describe("simplifyAlgebra: shapes", () => {
  it("lets elementwise ops broadcast by themselves", () => {
    const total = (x: Value) => op.broadcastTo(op.sum(x), [2, 3]);
    expect(simplified((x, y) => op.mul(total(x), y))).toBe("mul(sum(x), y)");
    expect(simplified((x) => op.exp(total(x)))).toBe("broadcast[2,3](exp(sum(x)))");
    expect(simplified((x, y) => op.add(total(x), total(y)))).toBe("broadcast[2,3](add(sum(x), sum(y)))");
  });

  it("merges reshapes and broadcasts and drops those that do nothing", () => {
    expect(simplified((x) => op.reshape(op.reshape(x, [6]), [3, 2]))).toBe("reshape[3,2](x)");
    expect(simplified((x) => op.reshape(op.reshape(x, [6]), [2, 3]))).toBe("x");
    expect(simplified((x) => emit("reshape", [x], { shape: [2, 3] }))).toBe("x");
    expect(simplified(() => op.reshape(row, [3, 1]))).toBe("5");
    expect(simplified((x) => op.broadcastTo(op.broadcastTo(op.sum(x), [3]), [2, 3]))).toBe("broadcast[2,3](sum(x))");
    expect(simplified((x) => op.broadcastTo(x, [1, 2, 3]))).toBe("reshape[1,2,3](x)");
  });

  it("merges transposes, and turns those that move no element into reshapes", () => {
    expect(simplified((x) => op.transpose(op.transpose(x, [1, 0]), [1, 0]))).toBe("x");
    expect(simplified((x) => op.transpose(x, [0, 1]))).toBe("x");
    expect(simplified((x) => op.transpose(x, [1, 2, 0]), "float32", [1, 2, 3])).toBe("reshape[2,3,1](x)");
    const twice = trace({ x: { dtype: "float32", shape: [2, 3, 4] } }, ({ x }) => ({
      y: op.transpose(op.transpose(x, [1, 2, 0]), [0, 2, 1]),
    }));
    expect(printGraph(simplifyAlgebra(twice))).toContain("transpose(%0; permutation=[1, 0, 2])");
  });

  it("turns reductions of axes of size 1 into reshapes", () => {
    expect(simplified((x) => op.sum(x, 0), "float32", [1, 3])).toBe("reshape[3](x)");
    expect(simplified((x) => op.max(x, 0, true), "float32", [1, 3])).toBe("x");
    expect(simplified((x) => op.sum(x), "float32", [1, 3])).toBe("sum(x)");
  });

  it("drops slices, pads and concats of the whole", () => {
    expect(simplified((x) => op.slice(x, 0, 0, 2))).toBe("x");
    expect(simplified((x) => op.slice(x, 0, 0, 1))).toBe("slice(x)");
    expect(simplified((x) => op.pad(x, 0, 0, 0))).toBe("x");
    expect(simplified((x) => emit("concat", [x], { axis: 0 }))).toBe("x");
  });

  it("lets matmul take transposed operands", () => {
    const flags = (fn: (x: Value, y: Value) => Value) => {
      const type = { dtype: "float32", shape: [3, 3, 3] } as const;
      const { y } = simplifyAlgebra(trace({ a: type, b: type }, ({ a, b }) => ({ y: fn(a, b) }))).outputs;
      return y?.op === "matmul" && y.inputs.every((operand) => operand.op === "input") ? y.attributes : undefined;
    };
    const t = (x: Value) => op.transpose(x, [0, 2, 1]);
    expect(flags((a, b) => op.matmul(t(a), b))).toEqual({ transposeA: true, transposeB: false });
    expect(flags((a, b) => op.matmul(t(a), t(b), { transposeB: true }))).toEqual({
      transposeA: true,
      transposeB: false,
    });
    expect(flags((a, b) => op.matmul(a, op.transpose(b, [2, 1, 0])))).toBeUndefined();
  });
});
