import { describe, expect, it } from "vitest";
import { tensor } from "../../tensor/tensor.js";
import { add, concat, constant, exp, matmul, mul, sub, sum } from "../operations.js";
import { printGraph } from "../print.js";
import { trace } from "../trace.js";
import type { Value } from "../value.js";
import { mergeCommonSubexpressions } from "./common-subexpressions.js";

const type = { dtype: "float32", shape: [2, 2] } as const;

/** How many nodes are left of two values, beside the inputs a and b. */
function nodesLeft(fn: (a: Value, b: Value) => Record<string, Value>): number {
  return mergeCommonSubexpressions(trace({ a: type, b: type }, ({ a, b }) => fn(a, b))).nodes.length - 2;
}

describe("mergeCommonSubexpressions", () => {
  it("merges whole equal expressions, constants included", () => {
    const graph = trace({ a: type }, ({ a }) => ({ y: sub(exp(mul(a, 2)), exp(mul(a, 2))) }));
    expect(printGraph(mergeCommonSubexpressions(graph))).toMatchInlineSnapshot(`
      "%0: float32[2, 2] = input(a)
      %1: float32[] = constant(2)
      %2: float32[2, 2] = mul(%0, %1)
      %3: float32[2, 2] = exp(%2)
      %4: float32[2, 2] = sub(%3, %3)
      return y = %4"
    `);
  });

  it("matches commutative operands in either order, others not", () => {
    expect(nodesLeft((a, b) => ({ p: add(a, b), q: add(b, a) }))).toBe(1);
    expect(nodesLeft((a, b) => ({ p: sub(a, b), q: sub(b, a) }))).toBe(2);
    expect(nodesLeft((a, b) => ({ p: matmul(a, b), q: matmul(b, a) }))).toBe(2);
  });

  it("tells attributes apart", () => {
    expect(nodesLeft((a) => ({ p: sum(a, 0), q: sum(a, 1) }))).toBe(2);
    expect(nodesLeft((a) => ({ p: sum(a, 0), q: sum(a, 0, true) }))).toBe(2);
    expect(nodesLeft((a) => ({ p: concat([a, a], 0), q: concat([a, a], 0) }))).toBe(1);
  });

  it("compares constants by dtype, shape and every element, bit by bit", () => {
    const count = (p: Value, q: Value) => nodesLeft(() => ({ p, q }));
    const long = () => Float32Array.from({ length: 1000 }, (_, i) => i);
    const changed = long();
    changed[777] = -1;
    expect(count(constant(tensor(long())), constant(tensor(long())))).toBe(1);
    expect(count(constant(tensor(long())), constant(tensor(changed)))).toBe(2);
    expect(count(constant(tensor([1, 2])), constant(tensor([1, 2], [2, 1])))).toBe(2);
    expect(count(constant(tensor([0])), constant(tensor(Int32Array.of(0))))).toBe(2);
    expect(count(constant(0), constant(-0))).toBe(2);
    expect(count(constant(NaN), constant(NaN))).toBe(1);
  });

  it("gives the same graph back when nothing is common", () => {
    const graph = trace({ a: type }, ({ a }) => ({ y: add(a, 1) }));
    expect(mergeCommonSubexpressions(graph)).toBe(graph);
  });
});
