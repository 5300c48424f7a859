import { tensor } from "@diffusion-forcing/core";
import {
  evaluateGraph,
  type Graph,
  gradient,
  heaviside,
  layerNorm,
  printGraph,
  relu,
  softmax,
  sum,
  trace,
  type Value,
} from "@diffusion-forcing/core/graph";
import { describe, expect, it } from "vitest";
import { legalizeForWasm } from "./legalize.js";

const x = tensor([-2, -0, 0, 1e-30, 3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
const outputOf = (graph: Graph): number[] => [...evaluateGraph(graph, { x }).y!.data];

describe("legalizeForWasm", () => {
  it("limits instead of choosing: relu, and its derivative from its result", () => {
    const graph = trace({ x: tensor([1, 2]) }, (values) => {
      const y = relu(values.x);
      return { y, dx: gradient(sum(y), [values.x])[0] as Value };
    });
    expect(printGraph(legalizeForWasm(graph))).toMatchInlineSnapshot(`
      "%0: float32[2] = input(x)
      %1: float32[] = constant(0)
      %2: float32[2] = maximum(%0, %1)
      %3: float32[] = constant(1)
      %4: float32[1] = reshape(%3; shape=[1])
      %5: float32[2] = broadcast(%4; shape=[2])
      %6: float32[] = constant(3.0000000054977558e+38)
      %7: float32[2] = mul(%2, %6)
      %8: float32[2] = minimum(%7, %3)
      %9: float32[2] = mul(%5, %8)
      return y = %2
      return dx = %9"
    `);
  });

  it("keeps what relu and heaviside give for zeros and infinities; NaN stays NaN", () => {
    const legal = (op: (x: Value) => Value) =>
      outputOf(legalizeForWasm(trace({ x }, (values) => ({ y: op(values.x) }))));
    const [zero, inf] = [expect.closeTo(0), Number.POSITIVE_INFINITY];
    expect(legal(relu)).toEqual([zero, zero, zero, Math.fround(1e-30), 3, inf, zero, Number.NaN]);
    expect(legal(heaviside)).toEqual([zero, zero, zero, 1, 1, 1, zero, Number.NaN]);
  });

  it("takes a layer norm apart, once for forward and backward, and leaves other composites whole", () => {
    const row = tensor([1, 2, 3]);
    const graph = trace({ x: tensor([1, 2, 3, 4, 5, 6], [2, 3]), row }, (values) => {
      const y = layerNorm(values.x, values.row, values.row);
      return { y: softmax(y), dx: gradient(sum(y), [values.x])[0] as Value };
    });
    const ops = legalizeForWasm(graph).nodes.map(({ op }) => op);
    expect(ops).toContain("softmax");
    for (const op of ["layerNorm", "standardize", "inverseDeviation"]) expect(ops).not.toContain(op);
    expect(ops.filter((op) => op === "sqrt")).toHaveLength(1);
  });
});
