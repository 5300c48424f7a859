import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { derivativesAt } from "../../../testing/derivatives-at.js";
import { finiteDifferences, gradientValues } from "../../../testing/gradient-problem.js";
import { drawTensor } from "../../../testing/values.js";
import { gradient } from "../../autodiff/gradient.js";
import { evaluateGraph } from "../../reference/index.js";
import { tensor } from "../../tensor/tensor.js";
import { emit } from "../emit.js";
import * as ops from "../operations.js";
import { input, trace } from "../trace.js";
import type { OpAttributes, Value } from "../value.js";

const image = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3]);
const plain = { strides: [1, 1], low: [0, 0], high: [0, 0] };

/** The convolution's elements. */
function evaluate(x: typeof image, weight: typeof image, attributes: OpAttributes["conv2d"] = plain): number[] {
  const graph = trace({ x, weight }, (values) => ({ y: emit("conv2d", [values.x, values.weight], attributes) }));
  return Array.from(evaluateGraph(graph, { x, weight }).y!.data);
}

describe("conv2d", () => {
  it("slides the kernel as it is, not turned around", () => {
    // Top left: 1 * 1 + 10 * 2 + 100 * 4 + 1000 * 5.
    expect(evaluate(image, tensor([1, 10, 100, 1000], [1, 1, 2, 2]))).toEqual([5421, 6532, 8754, 9865]);
  });

  it("borders the image with zeros, differently on each side if asked", () => {
    const attributes = { strides: [1, 1], low: [1, 0], high: [0, 2] };
    expect(evaluate(image, tensor([1, 10, 100, 1000], [1, 1, 2, 2]), attributes)).toEqual([
      2100, 3200, 300, 0, 5421, 6532, 603, 0, 8754, 9865, 906, 0,
    ]);
  });

  it("steps by the strides", () => {
    expect(evaluate(image, tensor([2], [1, 1, 1, 1]), { ...plain, strides: [2, 2] })).toEqual([2, 6, 14, 18]);
    expect(evaluate(image, tensor([2], [1, 1, 1, 1]), { ...plain, strides: [1, 3] })).toEqual([2, 8, 14]);
  });

  it("adds up the input channels for each output channel and image", () => {
    const x = tensor([1, 2, 3, 4], [2, 2, 1, 1]);
    expect(evaluate(x, tensor([1, 10, 100, 1000, 0, 5], [3, 2, 1, 1]))).toEqual([21, 2100, 10, 43, 4300, 20]);
  });

  it("derivatives: by the image the weights that saw each element, by the kernel the elements it saw", () => {
    const weights = ops.constant(tensor([1, 10, 100, 1000], [1, 1, 2, 2]));
    const kernel = tensor([1, 2, 3, 4], [1, 1, 2, 2]);
    const slopes = derivativesAt((x, w) => ops.mul(emit("conv2d", [x!, w!], plain), weights), image, kernel);
    expect(slopes).toEqual([
      [1, 12, 20, 103, 1234, 2040, 300, 3400, 4000],
      [5421, 6532, 8754, 9865],
    ]);
  });

  it("derivative by an image whose last row and column a stride of 2 leaves unseen is zero there", () => {
    const ones = tensor([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 4, 4]);
    const strided = { ...plain, strides: [2, 2] };
    const [slopes] = derivativesAt((x, w) => emit("conv2d", [x!, w!], strided), ones, tensor([3], [1, 1, 1, 1]));
    expect(slopes).toEqual([3, 0, 3, 0, 0, 0, 0, 0, 3, 0, 3, 0, 0, 0, 0, 0]);
  });

  it("a gradient of a gradient agrees with differences of the gradient", () => {
    const strided = { strides: [2, 1], low: [1, 0], high: [1, 2] };
    const names = ["x", "w"];
    const inputs = Object.fromEntries(
      [
        [2, 2, 5, 4],
        [3, 2, 3, 2],
      ].map((shape, i) => [names[i]!, drawTensor({ dtype: "float32", shape, low: -1, high: 1 }, i + 1)]),
    );
    // |d/dx sum(conv^3)|^2 + |d/dw sum(conv^3)|^2
    const objective = (values: Readonly<Record<string, Value>>): Value => {
      const [x, w] = [values.x!, values.w!];
      const y = emit("conv2d", [x, w], strided);
      const slopes = gradient(ops.sum(ops.mul(ops.square(y), y)), [x, w]);
      return ops.mul(ops.add(ops.sum(ops.square(slopes[0]!)), ops.sum(ops.square(slopes[1]!))), 1e-3);
    };
    const problem = { inputs, targets: names, objective };
    const slopes = evaluateGraph(
      trace(inputs, (values) => gradientValues(problem, values)),
      inputs,
    );
    for (const { target, index, value } of finiteDifferences(problem)) {
      expect(Math.abs((slopes[target]!.data[index] as number) - value)).toBeLessThan(1e-3 * (1 + Math.abs(value)));
    }
  });

  it("is linear in the image: <conv(x), y> = <x, derivative(y)>, whatever the shapes", () => {
    const size = fc.integer({ min: 1, max: 5 });
    const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
    const shapes = fc.record({
      counts: fc.tuple(size, size, size),
      image: pair(1, 7),
      kernel: pair(1, 3),
      strides: pair(1, 3),
      low: pair(0, 3),
      high: pair(0, 3),
    });
    const property = fc.property(shapes, ({ counts: [n, i, o], image, kernel, strides, low, high }) => {
      fc.pre([0, 1].every((axis) => image[axis]! + low[axis]! + high[axis]! >= kernel[axis]!));
      const x = drawTensor({ dtype: "float32", shape: [n, i, ...image], low: -1, high: 1 }, 1);
      const w = drawTensor({ dtype: "float32", shape: [o, i, ...kernel], low: -1, high: 1 }, 2);
      const graph = trace({ x, w }, (values) => {
        const y = emit("conv2d", [values.x, values.w], { strides, low, high });
        const objective = ops.mul(ops.sum(ops.square(y)), 0.5);
        const [dx, dw] = gradient(objective, [values.x, values.w]);
        const dot = (a: Value, b: Value) => ops.sum(ops.mul(a, b));
        return { twice: dot(y, y), byImage: dot(dx!, values.x), byKernel: dot(dw!, values.w) };
      });
      const { twice, byImage, byKernel } = evaluateGraph(graph, { x, w });
      const expected = twice!.data[0] as number;
      expect(Math.abs((byImage!.data[0] as number) - expected)).toBeLessThan(1e-4 * (1 + expected));
      expect(Math.abs((byKernel!.data[0] as number) - expected)).toBeLessThan(1e-4 * (1 + expected));
    });
    fc.assert(property, { seed: 5, numRuns: 100 });
  });

  it("infers shapes and names what does not fit", () => {
    const x = input("x", { dtype: "float32", shape: [2, 3, 8, 6] });
    const weight = input("weight", { dtype: "float32", shape: [5, 3, 3, 3] });
    expect(emit("conv2d", [x, weight], { strides: [2, 2], low: [1, 1], high: [1, 1] }).shape).toEqual([2, 5, 4, 3]);
    const other = input("other", { dtype: "float32", shape: [5, 4, 3, 3] });
    expect(() => emit("conv2d", [x, other], plain)).toThrow(
      "conv2d: got float32[2, 3, 8, 6] and float32[5, 4, 3, 3]; expected x [N, I, H, W] and weight [O, I, kh, kw].",
    );
    expect(() => emit("conv2d", [x, weight], { ...plain, strides: [0, 1] })).toThrow("not strides [0, 1]");
    expect(() => emit("conv2d", [x, weight], { ...plain, low: [-1, 0] })).toThrow("low [-1, 0]");
    const tall = input("tall", { dtype: "float32", shape: [5, 3, 9, 1] });
    expect(() => emit("conv2d", [x, tall], plain)).toThrow("a kernel no larger than the padded input");
  });
});

describe("ops.conv2d", () => {
  it("adds the bias of each output channel", () => {
    const graph = trace({ x: image }, ({ x }) => ({
      y: ops.conv2d(x, ops.constant(tensor([1, 2], [2, 1, 1, 1])), ops.constant(tensor([10, 20])), { stride: 2 }),
      same: ops.conv2d(x, ops.constant(tensor(Array(9).fill(1), [1, 1, 3, 3])), ops.constant(tensor([0])), {
        padding: 1,
      }),
    }));
    const { y, same } = evaluateGraph(graph, { x: image });
    expect(Array.from(y!.data)).toEqual([11, 13, 17, 19, 22, 26, 34, 38]);
    expect(Array.from(same!.data)).toEqual([12, 21, 16, 27, 45, 33, 24, 39, 28]);
  });
});
