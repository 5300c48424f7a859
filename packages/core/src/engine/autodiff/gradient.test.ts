import { describe, expect, it } from "vitest";
import { type GradientProblem, gradientValues } from "../../testing/gradient-problem.js";
import { opCases } from "../../testing/op-cases.js";
import { caseGradient, describeCase } from "../../testing/op-problems.js";
import { assertLikeDifferences } from "../../testing/test-ops.js";
import * as ops from "../graph/operations.js";
import { printGraph } from "../graph/print.js";
import { input, trace } from "../graph/trace.js";
import type { Value } from "../graph/value.js";
import { evaluateGraph } from "../reference/index.js";
import { tensor } from "../tensor/tensor.js";
import { gradient } from "./gradient.js";

const vector = { dtype: "float32", shape: [2] } as const;

describe("gradient", () => {
  it("of sum(x^2) is x + x", () => {
    const graph = trace({ x: vector }, ({ x }) => ({ dx: gradient(ops.sum(ops.square(x)), [x])[0] as Value }));
    expect(evaluateGraph(graph, { x: tensor([3, -4]) }).dx).toEqual(tensor([6, -8]));
    expect(printGraph(graph)).toMatchInlineSnapshot(`
      "%0: float32[2] = input(x)
      %1: float32[] = constant(1)
      %2: float32[1] = reshape(%1; shape=[1])
      %3: float32[2] = broadcast(%2; shape=[2])
      %4: float32[2] = mul(%3, %0)
      %5: float32[2] = mul(%3, %0)
      %6: float32[2] = add(%4, %5)
      return dx = %6"
    `);
  });

  it("adds up what several uses contribute", () => {
    const graph = trace({ x: vector }, ({ x }) => {
      const y = ops.mul(x, 3);
      return { dx: gradient(ops.sum(ops.add(ops.mul(y, y), y)), [x])[0] as Value };
    });
    // d(9 x^2 + 3 x) = 18 x + 3
    expect(evaluateGraph(graph, { x: tensor([1, 2]) }).dx).toEqual(tensor([21, 39]));
  });

  it("is zero for a target that the objective does not use, one for the objective itself", () => {
    const graph = trace({ x: vector, unused: { dtype: "float32", shape: [3] } }, ({ x, unused }) => {
      const objective = ops.sum(x);
      const [du, self] = gradient(objective, [unused, objective]);
      return { du: du as Value, self: self as Value };
    });
    const { du, self } = evaluateGraph(graph, { x: tensor([1, 2]), unused: tensor([1, 2, 3]) });
    expect([du, self]).toEqual([tensor([0, 0, 0]), tensor([1], [])]);
  });

  it("by a value in the middle holds what lies before it fixed", () => {
    const graph = trace({ x: vector }, ({ x }) => {
      const middle = ops.square(x);
      const objective = ops.sum(ops.mul(middle, x));
      const [byMiddle, byX] = gradient(objective, [middle, x]);
      return { byMiddle: byMiddle as Value, byX: byX as Value };
    });
    const { byMiddle, byX } = evaluateGraph(graph, { x: tensor([2, 3]) });
    expect(byMiddle).toEqual(tensor([2, 3]));
    expect(byX).toEqual(tensor([12, 27]));
  });

  it("of a deep chain needs no deep call stack", () => {
    const graph = trace({ x: vector }, ({ x }) => {
      let y: Value = x;
      for (let i = 0; i < 20_000; i++) y = ops.add(y, 1);
      return { dx: gradient(ops.sum(y), [x])[0] as Value };
    });
    expect(evaluateGraph(graph, { x: tensor([1, 2]) }).dx).toEqual(tensor([1, 1]));
  });

  it("refuses an objective that is no float32 scalar, and targets that are not float32", () => {
    const x = input("x", vector);
    const i = input("i", { dtype: "int32", shape: [] });
    expect(() => gradient(x, [x])).toThrow(
      "the objective is float32[2]; expected a float32 scalar. Reduce it with sum()",
    );
    expect(() => gradient(i, [x])).toThrow("the objective is int32[]");
    expect(() => gradient(ops.sum(x), [i])).toThrow("gradient: a target is int32[]; expected float32");
  });
});

describe("second derivatives agree with finite differences of first ones", () => {
  const sampled = ["mul", "div", "exp", "log", "sqrt", "sin", "tanh", "sigmoid", "erf", "matmul", "gather"] as const;
  const composites = ["softmax", "standardize", "inverseDeviation", "layerNorm", "gelu", "linear"] as const;
  const movement = ["slice", "pad", "concat", "broadcast", "transpose", "max", "sum"] as const;
  const small = [...sampled, ...composites, ...movement].flatMap((op) => {
    const cases = opCases[op].flatMap((operation) => {
      const elements = operation.operands.reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);
      const first = elements > 1 && elements <= 64 ? caseGradient(operation) : undefined;
      return first === undefined ? [] : [{ name: describeCase(operation), first }];
    });
    return cases.slice(0, 3);
  });

  it.each(small)("$name", ({ first }) => {
    // The squared length of the first gradient, so that each of its elements counts.
    const second: GradientProblem = {
      ...first,
      objective: (values) =>
        Object.values(gradientValues(first, values))
          .map((slope) => ops.sum(ops.square(slope)))
          .reduce((total, part) => ops.add(total, part)),
    };
    const graph = trace(second.inputs, (values) => gradientValues(second, values));
    assertLikeDifferences(second, evaluateGraph(graph, second.inputs), 1e-4, "second derivative");
  });

  it("meets every op sampled", () => {
    for (const op of [...sampled, ...composites, ...movement]) {
      expect(small.some(({ name }) => name.startsWith(`${op} `))).toBe(true);
    }
  });
});
