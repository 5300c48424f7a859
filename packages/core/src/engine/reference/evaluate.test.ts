import { describe, expect, it } from "vitest";
import { emit } from "../graph/emit.js";
import { buildGraph } from "../graph/graph.js";
import * as ops from "../graph/operations.js";
import { opNames } from "../graph/rules.js";
import { input, trace } from "../graph/trace.js";
import type { OpName, Value } from "../graph/value.js";
import { type HostTensor, tensor } from "../tensor/tensor.js";
import { evaluateGraph, evaluateInDoubles, evaluateNode } from "./evaluate.js";

const tested = new Set<OpName>();

/** The result of an expression over constants, as its dtype, shape and numbers. */
function result(value: Value): { dtype: string; shape: readonly number[]; data: number[] } {
  const graph = buildGraph([], { y: value });
  for (const node of graph.nodes) tested.add(node.op);
  const y = evaluateGraph(graph, {}).y as HostTensor;
  return { dtype: y.dtype, shape: y.shape, data: Array.from(y.data) };
}

const float = (data: number[], shape?: number[]): Value => ops.constant(tensor(data, shape));
const int = (data: number[], shape?: number[]): Value => ops.constant(tensor(Int32Array.from(data), shape));
const bool = (data: number[], shape?: number[]): Value => ops.constant(tensor(Uint8Array.from(data), shape));

describe("elementwise ops of one operand", () => {
  it.each([
    ["neg", ops.neg, [-1, 0.5], [1, -0.5]],
    ["abs", ops.abs, [-1, 0.5], [1, 0.5]],
    ["sign", ops.sign, [-3, 0, 2], [-1, 0, 1]],
    ["sqrt", ops.sqrt, [0, 4, 2.25], [0, 2, 1.5]],
    ["floor", ops.floor, [-1.5, -1, 1.5], [-2, -1, 1]],
    ["relu", ops.relu, [-1.5, 0, 2.5], [0, 0, 2.5]],
    ["heaviside", ops.heaviside, [-1.5, 0, 2.5], [0, 0, 1]],
  ] as const)("%s is exact", (_name, op, x, expected) => {
    expect(result(op(float([...x]))).data).toEqual(expected);
  });

  it.each([
    ["exp", ops.exp, [0, 2, -2], [1, 7.3890561, 0.1353353]],
    ["log", ops.log, [1, 3, 0.2], [0, 1.0986123, -1.6094379]],
    ["sin", ops.sin, [0, 1], [0, 0.841471]],
    ["cos", ops.cos, [0, 1], [1, 0.5403023]],
    ["tanh", ops.tanh, [0, 1, -20], [0, 0.7615942, -1]],
    ["sigmoid", ops.sigmoid, [0, 2, -200], [0.5, 0.8807971, 0]],
    ["erf", ops.erf, [0, 1, -1], [0, 0.8427008, -0.8427008]],
  ] as const)("%s", (_name, op, x, expected) => {
    for (const [i, y] of result(op(float([...x]))).data.entries()) expect(y).toBeCloseTo(expected[i] as number, 6);
  });

  it("not, and int32 operands", () => {
    expect(result(ops.not(bool([0, 1])))).toEqual({ dtype: "bool", shape: [2], data: [1, 0] });
    expect(result(ops.neg(int([3, -4])))).toEqual({ dtype: "int32", shape: [2], data: [-3, 4] });
    expect(result(ops.abs(int([3, -4]))).data).toEqual([3, 4]);
    expect(result(ops.sign(int([3, 0, -4]))).data).toEqual([1, 0, -1]);
  });
});

describe("elementwise ops of two operands", () => {
  it.each([
    ["add", ops.add, [5, -3]],
    ["sub", ops.sub, [3, -5]],
    ["mul", ops.mul, [4, -4]],
    ["div", ops.div, [4, -4]],
    ["maximum", ops.maximum, [4, 1]],
    ["minimum", ops.minimum, [1, -4]],
    ["less", ops.less, [0, 1]],
    ["lessEqual", ops.lessEqual, [0, 1]],
    ["equal", ops.equal, [0, 0]],
  ] as const)("%s", (_name, op, expected) => {
    expect(result(op(float([4, -4]), float([1, 1]))).data).toEqual(expected);
  });

  it("comparisons at equality", () => {
    const [a, b] = [int([1, 2, 3]), int([2, 2, 2])];
    expect(result(ops.less(a, b))).toEqual({ dtype: "bool", shape: [3], data: [1, 0, 0] });
    expect(result(ops.lessEqual(a, b)).data).toEqual([1, 1, 0]);
    expect(result(ops.equal(a, b)).data).toEqual([0, 1, 0]);
  });

  it("logic", () => {
    const [a, b] = [bool([0, 0, 1, 1]), bool([0, 1, 0, 1])];
    expect(result(ops.and(a, b)).data).toEqual([0, 0, 0, 1]);
    expect(result(ops.or(a, b)).data).toEqual([0, 1, 1, 1]);
    expect(result(ops.equal(a, b)).data).toEqual([1, 0, 0, 1]);
  });

  it("broadcasts both operands by NumPy's rules", () => {
    const column = float([10, 20], [2, 1]);
    const row = float([1, 2, 3]);
    expect(result(ops.add(column, row))).toEqual({ dtype: "float32", shape: [2, 3], data: [11, 12, 13, 21, 22, 23] });
    expect(result(ops.sub(row, 1)).data).toEqual([0, 1, 2]);
  });

  it("int32 wraps around", () => {
    expect(result(ops.add(int([2147483647]), int([1]))).data).toEqual([-2147483648]);
    expect(result(ops.mul(int([123456789]), int([987654321]))).data).toEqual([-67153019]);
  });
});

describe("choice and type", () => {
  it("where broadcasts its three operands", () => {
    const chosen = ops.where(bool([1, 0], [2, 1]), float([1, 2, 3]), -1);
    expect(result(chosen)).toEqual({ dtype: "float32", shape: [2, 3], data: [1, 2, 3, -1, -1, -1] });
  });

  it("cast truncates toward zero, and to bool asks for non-zero", () => {
    expect(result(ops.cast(float([-1.7, 1.7]), "int32"))).toEqual({ dtype: "int32", shape: [2], data: [-1, 1] });
    expect(result(ops.cast(float([0, 0.5, -2]), "bool"))).toEqual({ dtype: "bool", shape: [3], data: [0, 1, 1] });
    expect(result(ops.cast(int([0, 256]), "bool")).data).toEqual([0, 1]);
    expect(result(ops.cast(bool([0, 1]), "float32")).data).toEqual([0, 1]);
  });

  it("barrier is its first operand", () => {
    const after = (x: Value) => ops.add(x, 1);
    expect(result(emit("barrier", [float([1, 2]), after(float([5]))], { recompute: false })).data).toEqual([1, 2]);
  });

  it("stopGradient is the identity", () => {
    expect(result(ops.stopGradient(float([1, 2]))).data).toEqual([1, 2]);
  });
});

describe("reductions", () => {
  const x = float([1, 2, 3, 4, 5, 6], [2, 3]);

  it("sum", () => {
    expect(result(ops.sum(x))).toEqual({ dtype: "float32", shape: [], data: [21] });
    expect(result(ops.sum(x, 0))).toEqual({ dtype: "float32", shape: [3], data: [5, 7, 9] });
    expect(result(ops.sum(x, 1, true))).toEqual({ dtype: "float32", shape: [2, 1], data: [6, 15] });
    expect(result(ops.sum(int([1, 2, 3]))).data).toEqual([6]);
  });

  it("sum adds up in doubles: float32 alone would lose the ones", () => {
    expect(result(ops.sum(float([2 ** 24, 1, 1, -(2 ** 24)]))).data).toEqual([2]);
  });

  it("max", () => {
    expect(result(ops.max(ops.neg(x)))).toEqual({ dtype: "float32", shape: [], data: [-1] });
    expect(result(ops.max(x, 1))).toEqual({ dtype: "float32", shape: [2], data: [3, 6] });
    expect(result(ops.max(int([-5, -7]), 0, true))).toEqual({ dtype: "int32", shape: [1], data: [-5] });
  });

  it("an axis in the middle", () => {
    const cube = float([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);
    expect(result(ops.sum(cube, 1))).toEqual({ dtype: "float32", shape: [2, 2], data: [4, 6, 12, 14] });
    expect(result(ops.sum(cube, [0, 2])).data).toEqual([14, 22]);
  });
});

describe("movement", () => {
  const x = float([1, 2, 3, 4, 5, 6], [2, 3]);

  it("reshape", () => {
    expect(result(ops.reshape(x, [3, 2]))).toEqual({ dtype: "float32", shape: [3, 2], data: [1, 2, 3, 4, 5, 6] });
  });

  it("transpose", () => {
    expect(result(ops.transpose(x, [1, 0]))).toEqual({ dtype: "float32", shape: [3, 2], data: [1, 4, 2, 5, 3, 6] });
    const turned = ops.transpose(float([1, 2, 3, 4, 5, 6], [1, 2, 3]), [2, 0, 1]);
    expect(result(turned)).toEqual({ dtype: "float32", shape: [3, 1, 2], data: [1, 4, 2, 5, 3, 6] });
  });

  it("broadcast", () => {
    const rows = ops.broadcastTo(float([1, 2], [2, 1]), [2, 2, 3]);
    expect(result(rows)).toEqual({ dtype: "float32", shape: [2, 2, 3], data: [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2] });
  });

  it("slice", () => {
    expect(result(ops.slice(x, 1, 1, 3))).toEqual({ dtype: "float32", shape: [2, 2], data: [2, 3, 5, 6] });
    expect(result(ops.slice(x, 1, 0, 3, 2))).toEqual({ dtype: "float32", shape: [2, 2], data: [1, 3, 4, 6] });
    expect(result(ops.slice(int([1, 2, 3, 4, 5, 6, 7]), 0, 1, 6, 3)).data).toEqual([2, 5]);
  });

  it("pad", () => {
    expect(result(ops.pad(x, 1, 1, 0, 9))).toEqual({
      dtype: "float32",
      shape: [2, 4],
      data: [9, 1, 2, 3, 9, 4, 5, 6],
    });
    expect(result(ops.pad(x, 0, 0, 1)).data).toEqual([1, 2, 3, 4, 5, 6, 0, 0, 0]);
  });

  it("concat", () => {
    const wide = ops.concat([x, float([7, 8], [2, 1])], 1);
    expect(result(wide)).toEqual({ dtype: "float32", shape: [2, 4], data: [1, 2, 3, 7, 4, 5, 6, 8] });
    expect(result(ops.concat([bool([1]), bool([0, 1])], 0))).toEqual({ dtype: "bool", shape: [3], data: [1, 0, 1] });
  });
});

describe("indexing", () => {
  const table = float([1, 2, 3, 4, 5, 6], [3, 2]);

  it("gather takes rows", () => {
    expect(result(ops.gather(table, int([2, 0])))).toEqual({ dtype: "float32", shape: [2, 2], data: [5, 6, 1, 2] });
    expect(result(ops.gather(int([7, 8, 9]), int([0, 2, 2, 1], [2, 2])))).toEqual({
      dtype: "int32",
      shape: [2, 2],
      data: [7, 9, 9, 8],
    });
  });

  it("scatterAdd adds up rows with the same index and leaves the others zero", () => {
    expect(result(ops.scatterAdd(table, int([2, 0, 2]), 4))).toEqual({
      dtype: "float32",
      shape: [4, 2],
      data: [3, 4, 0, 0, 6, 8, 0, 0],
    });
  });

  it.each([3, -1])("refuses index %i", (index) => {
    expect(() => result(ops.gather(table, int([index])))).toThrow(`gather: index ${index} is not in 0..2.`);
    expect(() => result(ops.scatterAdd(float([1]), int([index]), 3))).toThrow(`index ${index} is not in 0..2`);
  });
});

describe("matmul", () => {
  const a = float([1, 2, 3, 4, 5, 6], [2, 3]);
  const b = float([1, 0, 0, 1, 1, 1], [3, 2]);

  it("two matrices", () => {
    expect(result(ops.matmul(a, b))).toEqual({ dtype: "float32", shape: [2, 2], data: [4, 5, 10, 11] });
  });

  it("transposed operands", () => {
    const aT = ops.transpose(a, [1, 0]);
    const bT = ops.transpose(b, [1, 0]);
    expect(result(ops.matmul(aT, b, { transposeA: true })).data).toEqual([4, 5, 10, 11]);
    expect(result(ops.matmul(a, bT, { transposeB: true })).data).toEqual([4, 5, 10, 11]);
    expect(result(ops.matmul(aT, bT, { transposeA: true, transposeB: true })).data).toEqual([4, 5, 10, 11]);
  });

  it("leading axes broadcast", () => {
    const doubled = ops.concat([ops.reshape(b, [1, 3, 2]), ops.reshape(ops.mul(b, 2), [1, 3, 2])], 0);
    expect(result(ops.matmul(a, doubled))).toEqual({
      dtype: "float32",
      shape: [2, 2, 2],
      data: [4, 5, 10, 11, 8, 10, 20, 22],
    });
  });
});

describe("composites", () => {
  const close = (value: Value, expected: number[]): void => {
    for (const [i, y] of result(value).data.entries()) expect(y).toBeCloseTo(expected[i] as number, 6);
  };

  it("softmax along the last axis, however large the logits", () => {
    close(ops.softmax(float([0, Math.log(3), 1000, 1000], [2, 2])), [0.25, 0.75, 0.5, 0.5]);
  });

  it("standardize and inverseDeviation: mean 2, variance 1", () => {
    const x = float([1, 3], [1, 2]);
    close(emit("standardize", [x], { epsilon: 0 }), [-1, 1]);
    close(emit("inverseDeviation", [x], { epsilon: 3 }), [0.5]);
  });

  it("layerNorm", () => {
    close(ops.layerNorm(float([1, 3], [1, 2]), float([2, 3]), float([10, 20]), 0), [8, 23]);
  });

  it("gelu: x Phi(x), with Phi(1) = 0.8413447", () => {
    close(ops.gelu(float([0, 1, -1])), [0, 0.8413447, -0.1586553]);
  });

  it("linear", () => {
    close(ops.linear(float([1, 2], [1, 2]), float([1, 1, 0, 3], [2, 2]), float([10, 20])), [13, 26]);
  });

  it("conv2d", () => {
    const weight = float([1, 10], [1, 1, 1, 2]);
    close(ops.conv2d(float([1, 2, 3, 4], [1, 1, 2, 2]), weight, float([100])), [121, 143]);
  });

  it("the gradients of conv2d: each cotangent times what it met", () => {
    const attributes = { strides: [1, 1], low: [0, 0], high: [0, 0] };
    const cotangent = float([1, 2], [1, 1, 2, 1]);
    const weight = float([1, 10], [1, 1, 1, 2]);
    close(emit("conv2dInputGradient", [cotangent, weight], { ...attributes, size: [2, 2] }), [1, 10, 2, 20]);
    const x = float([1, 2, 3, 4], [1, 1, 2, 2]);
    close(emit("conv2dWeightGradient", [x, cotangent], { ...attributes, kernel: [1, 2] }), [7, 10]);
  });
});

it("the tests above meet every op", () => {
  expect(opNames.filter((op) => op !== "input" && !tested.has(op))).toEqual([]);
});

describe("evaluateGraph", () => {
  const graph = trace({ x: { dtype: "float32", shape: [2] } }, ({ x }) => ({
    same: x,
    third: ops.mul(ops.div(x, 3), 3),
    lost: ops.sub(ops.add(x, 1e8), 1e8),
  }));

  it("rounds after every op, or keeps doubles between them", () => {
    const inputs = { x: tensor([1, 2]) };
    expect(Array.from(evaluateGraph(graph, inputs).lost?.data ?? [])).toEqual([0, 0]);
    expect(Array.from(evaluateGraph(graph, inputs, { precision: "float64" }).lost?.data ?? [])).toEqual([1, 2]);
  });

  it("doubles in, doubles out", () => {
    const { same } = evaluateInDoubles(graph, { x: { dtype: "float32", shape: [2], data: Float64Array.of(0.1, 0.2) } });
    expect(Array.from(same?.data ?? [])).toEqual([0.1, 0.2]);
  });

  it("gives results of their own, never the caller's arrays", () => {
    const x = tensor([1, 2]);
    const { same } = evaluateGraph(graph, { x });
    expect(same).toEqual(x);
    expect(same?.data).not.toBe(x.data);
  });

  it("names the input that is missing", () => {
    expect(() => evaluateGraph(graph, {})).toThrow('input "x" (float32[2]) is missing');
  });
});

describe("evaluateNode", () => {
  it("computes one node from its operands' values", () => {
    const x = input("x", { dtype: "float32", shape: [2] });
    expect(evaluateNode(ops.add(x, x), [tensor([1, 2]), tensor([10, 20])])).toEqual(tensor([11, 22]));
    expect(evaluateNode(ops.softmax(x), [tensor([5, 5])])).toEqual(tensor([0.5, 0.5]));
    expect(() => evaluateNode(x, [])).toThrow('Input "x" has no value');
  });
});
