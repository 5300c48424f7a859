import { describe, expect, it } from "vitest";
import { tensor } from "../../tensor/tensor.js";
import { add, broadcastTo, cast, constant, matmul, mul, softmax } from "../operations.js";
import { printGraph } from "../print.js";
import { trace } from "../trace.js";
import type { Value } from "../value.js";
import { foldConstants } from "./constant-folding.js";

const opsLeft = (value: Value): string[] => foldConstants(trace({}, () => ({ value }))).nodes.map((node) => node.op);

describe("foldConstants", () => {
  it("evaluates what depends on constants only", () => {
    const graph = trace({ x: { dtype: "float32", shape: [2] } }, ({ x }) => ({
      y: mul(x, add(constant(tensor([1, 2])), mul(constant(2), 3))),
    }));
    expect(printGraph(foldConstants(graph))).toMatchInlineSnapshot(`
      "%0: float32[2] = input(x)
      %1: float32[2] = constant(7, 8)
      %2: float32[2] = mul(%0, %1)
      return y = %2"
    `);
  });

  it("folds other dtypes and composites", () => {
    expect(opsLeft(cast(constant(tensor(Int32Array.of(1, 2))), "float32"))).toEqual(["constant"]);
    expect(opsLeft(softmax(constant(tensor([0, 0]))))).toEqual(["constant"]);
  });

  it("never folds an input", () => {
    const graph = trace({ x: { dtype: "float32", shape: [] } }, ({ x }) => ({ y: add(x, 1) }));
    expect(foldConstants(graph)).toBe(graph);
  });

  it("leaves results that outgrow their operands, and large work, to the runtime", () => {
    expect(opsLeft(broadcastTo(constant(1), [32, 32]))).toEqual(["constant"]);
    expect(opsLeft(broadcastTo(constant(1), [33, 32]))).toEqual(["constant", "broadcast"]);
    const large = constant(tensor(new Float32Array(20_000), [100, 200]));
    expect(opsLeft(matmul(large, large, { transposeB: true }))).toEqual(["constant", "matmul"]);
  });
});
