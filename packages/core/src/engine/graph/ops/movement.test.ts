import { describe, expect, it } from "vitest";
import { derivativesAt } from "../../../testing/derivatives-at.js";
import { type HostTensor, tensor } from "../../tensor/tensor.js";
import { emit } from "../emit.js";
import * as ops from "../operations.js";
import { input } from "../trace.js";
import type { Value } from "../value.js";

/** d(sum of op(x) * weights)/dx: shows where each element of the result came from. */
function origins(op: (x: Value) => Value, x: HostTensor, weights: number[]): number[] {
  const [slopes] = derivativesAt((v) => {
    const y = op(v as Value);
    return ops.mul(y, ops.constant(tensor(weights, y.shape)));
  }, x);
  return slopes as number[];
}

const x = tensor([1, 2, 3, 4, 5, 6], [2, 3]);

describe("derivatives of movement: weights return to where the elements came from", () => {
  it("reshape", () => {
    expect(origins((v) => ops.reshape(v, [3, 2]), x, [1, 2, 3, 4, 5, 6])).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("transpose", () => {
    expect(origins((v) => ops.transpose(v, [1, 0]), x, [1, 2, 3, 4, 5, 6])).toEqual([1, 3, 5, 2, 4, 6]);
    const cube = tensor([1, 2, 3, 4, 5, 6], [1, 2, 3]);
    expect(origins((v) => ops.transpose(v, [2, 0, 1]), cube, [1, 2, 3, 4, 5, 6])).toEqual([1, 3, 5, 2, 4, 6]);
  });

  it("broadcast", () => {
    const repeat = (v: Value) => ops.broadcastTo(v, [2, 2, 2]);
    expect(origins(repeat, tensor([1, 2], [2, 1]), [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([14, 22]);
  });

  it("slice", () => {
    expect(origins((v) => ops.slice(v, 1, 1, 3), x, [1, 2, 3, 4])).toEqual([0, 1, 2, 0, 3, 4]);
  });

  it("slice with a stride, which ends before, at or after the last element", () => {
    const line = tensor([1, 2, 3, 4, 5, 6, 7]);
    expect(origins((v) => ops.slice(v, 0, 1, 5, 2), line, [10, 20])).toEqual([0, 10, 0, 20, 0, 0, 0]);
    expect(origins((v) => ops.slice(v, 0, 0, 7, 3), line, [10, 20, 30])).toEqual([10, 0, 0, 20, 0, 0, 30]);
    expect(origins((v) => ops.slice(v, 0, 2, 7, 4), line, [10, 20])).toEqual([0, 0, 10, 0, 0, 0, 20]);
    expect(origins((v) => ops.slice(v, 1, 0, 3, 2), x, [1, 2, 3, 4])).toEqual([1, 0, 2, 3, 0, 4]);
  });

  it("pad", () => {
    expect(origins((v) => ops.pad(v, 1, 1, 0, 9), x, [1, 2, 3, 4, 5, 6, 7, 8])).toEqual([2, 3, 4, 6, 7, 8]);
  });

  it("concat, also of a value with itself", () => {
    expect(origins((v) => ops.concat([v, v], 1), tensor([1, 2], [2, 1]), [1, 2, 3, 4])).toEqual([3, 7]);
    const two = derivativesAt((a, b) => ops.square(ops.concat([a!, b!], 0)), tensor([1, 2]), tensor([3]));
    expect(two).toEqual([[2, 4], [6]]);
  });
});

describe("types of movement", () => {
  const v = input("v", { dtype: "float32", shape: [2, 3] });

  it("reshape", () => {
    expect(ops.reshape(v, [-1, 2]).shape).toEqual([3, 2]);
    expect(ops.reshape(v, [2, 3])).toBe(v);
    expect(() => ops.reshape(v, [4, 2])).toThrow("reshape: got float32[2, 3]; expected 8 elements, to fill [4, 2]");
    expect(() => ops.reshape(v, [-1, 4])).toThrow("expected an array of whole numbers from 1");
  });

  it("transpose", () => {
    expect(() => ops.transpose(v, [0, 0])).toThrow("transpose: got float32[2, 3]; expected each axis once");
    expect(() => ops.transpose(v, [0])).toThrow("not [0]");
    expect(() => ops.transpose(v, [0, 2])).toThrow("axis 2 does not exist");
  });

  it("broadcast", () => {
    expect(() => ops.broadcastTo(v, [3, 3])).toThrow(
      "broadcast: got float32[2, 3]; expected a shape that broadcasts to [3, 3]",
    );
    expect(() => ops.broadcastTo(v, [3])).toThrow("broadcasts to [3]");
  });

  it("slice", () => {
    expect(() => ops.slice(v, 1, 0, 4)).toThrow("not starts [0, 0], ends [2, 4], strides [1, 1]");
    expect(() => ops.slice(v, 1, 2, 2)).toThrow("slice: got float32[2, 3]; expected 0 <= start < end <= size");
    expect(() => ops.slice(v, 0, 0, 2, 0)).toThrow("stride >= 1");
  });

  it("pad", () => {
    expect(ops.pad(v, -1, 1, 2).shape).toEqual([2, 6]);
    expect(() => ops.pad(v, 0, -1, 0)).toThrow("pad: got float32[2, 3]; expected a non-negative amount");
    expect(() => emit("pad", [v], { low: [0], high: [0], value: 0 })).toThrow("before and after every axis");
  });

  it("concat", () => {
    const i = input("i", { dtype: "int32", shape: [2, 3] });
    const tall = input("tall", { dtype: "float32", shape: [4, 3] });
    expect(ops.concat([v, tall], 0).shape).toEqual([6, 3]);
    expect(() => ops.concat([v, tall], 1)).toThrow("concat: got float32[2, 3] and float32[4, 3]; expected one dtype");
    expect(() => ops.concat([v, i], 0)).toThrow("concat: got float32[2, 3] and int32[2, 3]");
    expect(() => ops.concat([], 0)).toThrow("concat: needs at least one operand");
    expect(() => emit("concat", [v], { axis: 2 })).toThrow("no axis 2");
  });
});
