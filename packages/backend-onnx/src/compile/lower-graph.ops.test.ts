import { type Backend, type HostTensor, tensor } from "@diffusion-forcing/core";
import {
  abs,
  add,
  and,
  broadcastTo,
  cast,
  concat,
  cos,
  div,
  emit,
  equal,
  erf,
  exp,
  floor,
  gather,
  gelu,
  heaviside,
  layerNorm,
  less,
  lessEqual,
  linear,
  log,
  matmul,
  max,
  maximum,
  minimum,
  mul,
  neg,
  not,
  or,
  pad,
  relu,
  reshape,
  scatterAdd,
  sigmoid,
  sign,
  sin,
  slice,
  softmax,
  sqrt,
  stopGradient,
  sub,
  sum,
  tanh,
  trace,
  transpose,
  type Value,
  where,
} from "@diffusion-forcing/core/graph";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onnxBackend } from "../node/onnx-backend.js";

let backend: Backend;
beforeAll(async () => {
  backend = await onnxBackend();
});
afterAll(() => backend.dispose());

/** Runs fn(operands) on ONNX Runtime: [shape, elements]. */
async function evaluate(
  operands: HostTensor[],
  fn: (...values: Value[]) => Value,
): Promise<[readonly number[], number[]]> {
  const named = Object.fromEntries(operands.map((operand, i) => [`x${i}`, operand]));
  const executable = await backend.compile(trace(named, (values) => ({ y: fn(...Object.values<Value>(values)) })));
  const { y } = (await executable.run(named)) as Record<string, HostTensor>;
  executable.dispose();
  return [y?.shape ?? [], Array.from(y?.data ?? [])];
}

function expectClose(actual: number[], expected: number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i] as number, 5);
}

const x = tensor([-1.5, 0, 0.5, 2]);
const positive = tensor([0.25, 1, 4]);
const integers = tensor(Int32Array.of(-3, 0, 2));
const truth = tensor(Uint8Array.of(1, 0, 1));
const other = tensor(Uint8Array.of(1, 1, 0));
const matrix = tensor([1, 2, 3, 4, 5, 6], [2, 3]);

describe("elementwise ops", () => {
  const unary: [string, HostTensor, (value: Value) => Value, number[]][] = [
    ["neg", x, neg, [1.5, -0, -0.5, -2]],
    ["neg int32", integers, neg, [3, -0, -2]],
    ["abs", x, abs, [1.5, 0, 0.5, 2]],
    ["abs int32", integers, abs, [3, 0, 2]],
    ["sign", x, sign, [-1, 0, 1, 1]],
    ["sign int32", integers, sign, [-1, 0, 1]],
    ["exp", x, exp, [0.2231302, 1, 1.6487213, 7.3890561]],
    ["log", positive, log, [-1.3862944, 0, 1.3862944]],
    ["sqrt", positive, sqrt, [0.5, 1, 2]],
    ["sin", x, sin, [-0.997495, 0, 0.4794255, 0.9092974]],
    ["cos", x, cos, [0.0707372, 1, 0.8775826, -0.4161468]],
    ["tanh", x, tanh, [-0.9051483, 0, 0.4621172, 0.9640276]],
    ["sigmoid", x, sigmoid, [0.1824255, 0.5, 0.6224593, 0.8807971]],
    ["erf", x, erf, [-0.9661051, 0, 0.5204999, 0.9953223]],
    ["floor", x, floor, [-2, 0, 0, 2]],
    ["relu", x, relu, [0, 0, 0.5, 2]],
    ["gelu", x, gelu, [-0.1002108, 0, 0.3457312, 1.9544997]],
    ["not", truth, not, [0, 1, 0]],
    ["stopGradient", x, stopGradient, [-1.5, 0, 0.5, 2]],
    ["cast float32 to int32 truncates", tensor([-1.7, -0.2, 0.9, 2.5]), (v) => cast(v, "int32"), [-1, 0, 0, 2]],
    ["cast float32 to bool", x, (v) => cast(v, "bool"), [1, 0, 1, 1]],
    ["cast bool to float32", truth, (v) => cast(v, "float32"), [1, 0, 1]],
    ["cast bool to int32", truth, (v) => cast(v, "int32"), [1, 0, 1]],
    ["cast int32 to bool", integers, (v) => cast(v, "bool"), [1, 0, 1]],
  ];
  it.each(unary)("%s", async (_, operand, fn, expected) => expectClose((await evaluate([operand], fn))[1], expected));

  it("heaviside steps at zero, from the smallest normal number on", async () => {
    const edges = tensor([2 ** -126, 1, Infinity, 0, -0, -(2 ** -126), -Infinity]);
    expect((await evaluate([edges], heaviside))[1]).toEqual([1, 1, 1, 0, 0, 0, 0]);
  });

  const a = tensor([1, 2, 3, 4], [2, 2]);
  const b = tensor([2, 2], [2]);
  const m = tensor(Int32Array.of(7, -3, 2));
  const binary: [string, HostTensor, HostTensor, (a: Value, b: Value) => Value, number[]][] = [
    ["add", a, b, add, [3, 4, 5, 6]],
    ["add int32", m, integers, add, [4, -3, 4]],
    ["sub", a, b, sub, [-1, 0, 1, 2]],
    ["sub int32", m, integers, sub, [10, -3, 0]],
    ["mul", a, b, mul, [2, 4, 6, 8]],
    ["mul int32", m, integers, mul, [-21, 0, 4]],
    ["div", a, b, div, [0.5, 1, 1.5, 2]],
    ["maximum", a, b, maximum, [2, 2, 3, 4]],
    ["maximum int32", m, integers, maximum, [7, 0, 2]],
    ["minimum", a, b, minimum, [1, 2, 2, 2]],
    ["minimum int32", m, integers, minimum, [-3, -3, 2]],
    ["equal", a, b, equal, [0, 1, 0, 0]],
    ["equal int32", m, integers, equal, [0, 0, 1]],
    ["equal bool", truth, other, equal, [1, 0, 0]],
    ["less", a, b, less, [1, 0, 0, 0]],
    ["less int32", m, integers, less, [0, 1, 0]],
    ["lessEqual", a, b, lessEqual, [1, 1, 0, 0]],
    ["lessEqual int32", m, integers, lessEqual, [0, 1, 1]],
    ["and", truth, other, and, [1, 0, 0]],
    ["or", truth, other, or, [1, 1, 1]],
  ];
  it.each(binary)("%s", async (_, left, right, fn, expected) =>
    expectClose((await evaluate([left, right], fn))[1], expected),
  );

  it("where, of every dtype", async () => {
    const [c, p, q] = [truth, tensor([1, 2, 3]), tensor([-1, -2, -3])];
    expect((await evaluate([c, p, q], where))[1]).toEqual([1, -2, 3]);
    const [i, j] = [tensor(Int32Array.of(1, 2, 3)), tensor(Int32Array.of(-1, -2, -3))];
    expect((await evaluate([c, i, j], where))[1]).toEqual([1, -2, 3]);
    expect((await evaluate([c, truth, other], where))[1]).toEqual([1, 1, 1]);
  });
});

describe("reductions and movement", () => {
  const flags = tensor(Uint8Array.of(1, 0, 0, 1, 1, 0), [2, 3]);
  const numbers = tensor(Int32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
  const cases: [string, HostTensor, (value: Value) => Value, number[], number[]][] = [
    ["sum of rows", matrix, (v) => sum(v, 1), [2], [6, 15]],
    ["sum of columns, kept", matrix, (v) => sum(v, 0, true), [1, 3], [5, 7, 9]],
    ["sum of all", matrix, (v) => sum(v), [], [21]],
    ["sum int32", numbers, (v) => sum(v, 0), [3], [5, 7, 9]],
    ["max", matrix, (v) => max(v, 1), [2], [3, 6]],
    ["max int32", numbers, (v) => max(v), [], [6]],
    ["reshape", matrix, (v) => reshape(v, [3, 2]), [3, 2], [1, 2, 3, 4, 5, 6]],
    ["transpose", matrix, (v) => transpose(v, [1, 0]), [3, 2], [1, 4, 2, 5, 3, 6]],
    ["broadcast", tensor([1, 2], [2, 1]), (v) => broadcastTo(v, [2, 2]), [2, 2], [1, 1, 2, 2]],
    ["broadcast bool", tensor(Uint8Array.of(1, 0), [2, 1]), (v) => broadcastTo(v, [2, 2]), [2, 2], [1, 1, 0, 0]],
    ["slice", matrix, (v) => slice(v, 1, 0, 3, 2), [2, 2], [1, 3, 4, 6]],
    ["slice bool", flags, (v) => slice(v, 0, 1, 2), [1, 3], [1, 1, 0]],
    ["pad", tensor([1, 2]), (v) => pad(v, 0, 1, 2, 9), [5], [9, 1, 2, 9, 9]],
    ["pad int32", integers, (v) => pad(v, 0, 1, 0, 7), [4], [7, -3, 0, 2]],
    ["pad bool", truth, (v) => pad(v, 0, 1, 0, 1), [4], [1, 1, 0, 1]],
    ["concat", matrix, (v) => concat([v, v], 0), [4, 3], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]],
    ["concat bool", truth, (v) => concat([v, v], 0), [6], [1, 0, 1, 1, 0, 1]],
  ];
  it.each(cases)("%s", async (_, operand, fn, shape, expected) => {
    expect(await evaluate([operand], fn)).toEqual([shape, expected]);
  });
});

describe("indexing", () => {
  const indices = tensor(Int32Array.of(2, 0, 2, 1), [2, 2]);
  const table = tensor([1, 2, 3, 4, 5, 6], [3, 2]);

  it("gather", async () => {
    expect(await evaluate([table, indices], gather)).toEqual([
      [2, 2, 2],
      [5, 6, 1, 2, 5, 6, 3, 4],
    ]);
  });

  it("scatterAdd adds rows of equal index", async () => {
    const updates = tensor([1, 10, 2, 20, 3, 30, 4, 40], [2, 2, 2]);
    const fn = (u: Value, i: Value): Value => scatterAdd(u, i, 4);
    expect(await evaluate([updates, indices], fn)).toEqual([
      [4, 2],
      [2, 20, 4, 40, 4, 40, 0, 0],
    ]);
  });

  it("scatterAdd loses no row when many threads could add at once", async () => {
    const rows = 4096;
    const updates = tensor(new Float32Array(rows * 64).fill(1), [rows, 64]);
    const fn = (u: Value, i: Value): Value => scatterAdd(u, i, 2);
    const [, total] = await evaluate([updates, tensor(Int32Array.from({ length: rows }, (_, row) => row % 2))], fn);
    expect(total).toEqual(new Array(128).fill(rows / 2));
  });

  it("scatterAdd of single numbers", async () => {
    const fn = (u: Value, i: Value): Value => scatterAdd(u, i, 2);
    expect(await evaluate([tensor([1, 2, 4]), tensor(Int32Array.of(1, 0, 1))], fn)).toEqual([[2], [2, 5]]);
  });
});

describe("matrix products", () => {
  const a = tensor([1, 2, 3, 4], [2, 2]);
  const b = tensor([5, 6, 7, 8], [2, 2]);
  const expected: [boolean, boolean, number[]][] = [
    [false, false, [19, 22, 43, 50]],
    [true, false, [26, 30, 38, 44]],
    [false, true, [17, 23, 39, 53]],
    [true, true, [23, 31, 34, 46]],
  ];
  it.each(expected)("matmul, transposeA %s, transposeB %s", async (transposeA, transposeB, product) => {
    const fn = (p: Value, q: Value): Value => matmul(p, q, { transposeA, transposeB });
    expect(await evaluate([a, b], fn)).toEqual([[2, 2], product]);
    const batch = (m: HostTensor): HostTensor => tensor([...m.data, ...m.data], [2, 1, 2, 2]);
    expect(await evaluate([batch(a), b], fn)).toEqual([
      [2, 1, 2, 2],
      [...product, ...product],
    ]);
    expect(await evaluate([a, batch(b)], fn)).toEqual([
      [2, 1, 2, 2],
      [...product, ...product],
    ]);
    expect(await evaluate([batch(a), batch(b)], fn)).toEqual([
      [2, 1, 2, 2],
      [...product, ...product],
    ]);
    const across = (m: HostTensor): HostTensor => tensor([...m.data, ...m.data], [1, 2, 2, 2]);
    expect((await evaluate([batch(a), across(b)], fn))[1]).toEqual([...product, ...product, ...product, ...product]);
  });

  it("linear", async () => {
    const weight = tensor([1, 0, 0, 0, 1, 1], [2, 3]);
    expect(await evaluate([matrix, weight, tensor([10, 20])], linear)).toEqual([
      [2, 2],
      [11, 25, 14, 31],
    ]);
  });
});

describe("rows", () => {
  const rows = tensor([1, 3, 2, 6], [2, 2]);

  it("softmax", async () => {
    expectClose((await evaluate([rows], softmax))[1], [0.1192029, 0.880797, 0.0179862, 0.9820138]);
  });

  it("layerNorm", async () => {
    const fn = (v: Value, scale: Value, bias: Value): Value => layerNorm(v, scale, bias, 3);
    // variances 1 and 4; deviations sqrt(1 + 3) and sqrt(4 + 3)
    expectClose((await evaluate([rows, tensor([2, 4]), tensor([0, 1])], fn))[1], [-1, 3, -1.5118579, 4.0237158]);
  });

  it("standardize and inverseDeviation", async () => {
    const standard = (v: Value): Value => emit("standardize", [v], { epsilon: 3 });
    expectClose((await evaluate([rows], standard))[1], [-0.5, 0.5, -0.7559289, 0.7559289]);
    const inverse = (v: Value): Value => emit("inverseDeviation", [v], { epsilon: 3 });
    const [shape, values] = await evaluate([rows], inverse);
    expect(shape).toEqual([2, 1]);
    expectClose(values, [0.5, 0.3779645]);
  });
});
