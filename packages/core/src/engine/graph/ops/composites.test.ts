import { describe, expect, it } from "vitest";
import { derivativesAt } from "../../../testing/derivatives-at.js";
import { drawTensor } from "../../../testing/values.js";
import { gradient } from "../../autodiff/index.js";
import { evaluateInDoubles } from "../../reference/index.js";
import { tensor } from "../../tensor/tensor.js";
import { emit } from "../emit.js";
import * as ops from "../operations.js";
import { isComposite, opNames, ruleOf } from "../rules.js";
import { input, trace } from "../trace.js";
import type { OpName, Value } from "../value.js";

function expectClose(actual: number[] | undefined, expected: number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual?.[i]).toBeCloseTo(value, 5);
}

describe("derivatives of composites", () => {
  it("softmax: y_i (w_i - y . w), here for y = (1/4, 3/4) and w = (4, 8)", () => {
    const weights = ops.constant(tensor([4, 8]));
    const [slopes] = derivativesAt((x) => ops.mul(ops.softmax(x!), weights), tensor([0, Math.log(3)]));
    expectClose(slopes, [-0.75, 0.75]);
  });

  it("standardize: a shift or a scaling of the row changes nothing", () => {
    const weights = ops.constant(tensor([1, 2, 5]));
    const row = [1, 2, 6];
    const [slopes] = derivativesAt((x) => ops.mul(emit("standardize", [x!], { epsilon: 0 }), weights), tensor(row));
    expect(slopes!.reduce((total, slope) => total + slope, 0)).toBeCloseTo(0, 5);
    expect(slopes!.reduce((total, slope, i) => total + slope * row[i]!, 0)).toBeCloseTo(0, 5);
    expect(Math.abs(slopes![0]!)).toBeGreaterThan(0.01);
  });

  it("inverseDeviation: -(x - mean) / (C s^3), here for x = (1, 3) and s = 2", () => {
    const [slopes] = derivativesAt((x) => emit("inverseDeviation", [x!], { epsilon: 3 }), tensor([1, 3]));
    expectClose(slopes, [1 / 16, -1 / 16]);
  });

  it("layerNorm by scale and bias: sums over the rows", () => {
    const x = tensor([1, 3, 3, 5], [2, 2]);
    const [, scale, bias] = derivativesAt((v, s, b) => ops.layerNorm(v!, s!, b!, 0), x, tensor([2, 3]), tensor([0, 0]));
    expectClose(scale, [-2, 2]);
    expectClose(bias, [2, 2]);
  });

  it("gelu: Phi(x) + x phi(x)", () => {
    const [slopes] = derivativesAt((x) => ops.gelu(x!), tensor([0, 1, -1]));
    expectClose(slopes, [0.5, 1.0833155, -0.0833155]);
  });

  it("linear", () => {
    const weights = ops.constant(tensor([1, 10], [1, 2]));
    const slopes = derivativesAt(
      (x, w, b) => ops.mul(ops.linear(x!, w!, b!), weights),
      tensor([1, 2], [1, 2]),
      tensor([3, 4, 5, 6], [2, 2]),
      tensor([0, 0]),
    );
    expect(slopes).toEqual([
      [53, 64],
      [1, 2, 10, 20],
      [1, 10],
    ]);
  });
});

describe("decompositions", () => {
  const x = input("x", { dtype: "float32", shape: [2, 3] });
  const vector = input("vector", { dtype: "float32", shape: [3] });
  const image = input("image", { dtype: "float32", shape: [2, 3, 5, 6] });
  const kernels = input("kernels", { dtype: "float32", shape: [4, 3, 3, 2] });
  const cotangent = input("cotangent", { dtype: "float32", shape: [2, 4, 2, 6] });
  const operands: Partial<Record<OpName, ReturnType<typeof input>[]>> = {
    layerNorm: [x, vector, vector],
    linear: [x, input("weight", { dtype: "float32", shape: [4, 3] }), input("bias", { dtype: "float32", shape: [4] })],
    conv2d: [image, kernels],
    conv2dInputGradient: [cotangent, kernels],
    conv2dWeightGradient: [image, cotangent],
  };
  const sizes = { size: [5, 6], kernel: [3, 2] };
  const attributes = { epsilon: 1e-5, strides: [2, 1], low: [1, 0], high: [0, 1], ...sizes };

  it.each(opNames.filter(isComposite))("%s has the derivatives that its decomposition has, by every operand", (op) => {
    const inputs = operands[op] ?? [x];
    const given = Object.fromEntries(
      inputs.map((type, i) => [`operand${i}`, drawTensor({ ...type, low: -1, high: 2 }, 3 + i)]),
    );
    const slopes = (isWhole: boolean): number[] => {
      const graph = trace(given, (values) => {
        const own = inputs.map((_, i) => values[`operand${i}`] as Value);
        const rule = ruleOf(op as "layerNorm");
        const result = (
          isWhole ? emit(op, own, attributes as never) : rule.decompose?.(own, attributes as never, emit)
        ) as Value;
        const weights = ops.constant(drawTensor({ ...result, low: -1, high: 2 }, 9));
        const found = gradient(ops.sum(ops.mul(result, weights)), own);
        return Object.fromEntries(found.map((slope, i) => [`slope${i}`, slope]));
      });
      return Object.values(evaluateInDoubles(graph, given)).flatMap(({ data }) => [...data]);
    };
    expectClose(slopes(true), slopes(false));
  });

  it.each(opNames.filter(isComposite))("%s has the type that its decomposition has", (op) => {
    const inputs = operands[op] ?? [x];
    const rule = ruleOf(op as "layerNorm");
    const { dtype, shape } = rule.infer(inputs, attributes);
    expect(rule.decompose?.(inputs, attributes, emit)).toMatchObject({ dtype, shape });
  });
});

describe("types of composites", () => {
  const x = input("x", { dtype: "float32", shape: [2, 3] });
  const two = input("two", { dtype: "float32", shape: [2] });
  const three = input("three", { dtype: "float32", shape: [3] });
  const scalar = input("scalar", { dtype: "float32", shape: [] });

  it("names operands that do not fit", () => {
    expect(() => ops.softmax(scalar)).toThrow("softmax: got float32[]; expected at least one axis");
    expect(() => ops.layerNorm(x, two, three)).toThrow(
      "layerNorm: got float32[2, 3] and float32[2] and float32[3]; expected x [..., C], scale [C] and bias [C]",
    );
    expect(() => emit("linear", [x, x, three], {})).toThrow("expected x [N, I], weight [O, I] and bias [O]");
    expect(() => ops.gelu(input("i", { dtype: "int32", shape: [2] }))).toThrow("gelu: got int32[2]");
  });

  it("linear takes any leading axes", () => {
    const deep = input("deep", { dtype: "float32", shape: [5, 4, 3] });
    expect(ops.linear(deep, x, two).shape).toEqual([5, 4, 2]);
  });
});
