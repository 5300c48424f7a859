import { describe, expect, it } from "vitest";
import { constant } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { type HostTensor, tensor } from "../../engine/tensor/tensor.js";
import { scopeOf } from "../scope.js";
import { double, groupStandardize, halve } from "./blocks.js";
import { completeConfig } from "./config.js";

function evaluate(x: HostTensor, fn: (x: Value) => Value): number[] {
  return Array.from(
    evaluateGraph(
      trace({ x }, (values) => ({ y: fn(values.x) })),
      { x },
    ).y!.data,
  );
}

/** Two frames of eight channels, one pixel each of which the first channel's differ: [2, 8, 1, 2]. */
const frames = tensor([0, 2, ...Array(14).fill(5), 4, 10, ...Array(14).fill(5)], [2, 8, 1, 2]);

describe("groupStandardize", () => {
  const options = { tokenShape: [1, 8, 8], width: 8 };

  it("per frame: each frame's group has mean 0 and variance 1", () => {
    const config = completeConfig({ ...options, normalization: "frame" });
    const y = evaluate(frames, (x) => groupStandardize(x, { length: 2, config }));
    expect(y.slice(0, 4)).toEqual([-1, 1, 0, 0].map((value) => expect.closeTo(value, 5)));
    expect(y.slice(16, 20)).toEqual([-1, 1, 0, 0].map((value) => expect.closeTo(value, 5)));
  });

  it("per clip: the frames of a sequence together, here (0, 2, 4, 10), mean 4 and variance 14", () => {
    const config = completeConfig({ ...options, normalization: "clip" });
    const y = evaluate(frames, (x) => groupStandardize(x, { length: 2, config }));
    const expected = [-4, -2, 0, 6].map((value) => expect.closeTo(value / Math.sqrt(14), 5));
    expect([...y.slice(0, 2), ...y.slice(16, 18)]).toEqual(expected);
  });

  it("per clip: sequences apart from each other", () => {
    const config = completeConfig({ ...options, normalization: "clip" });
    // Two sequences of one frame.
    const y = evaluate(frames, (x) => groupStandardize(x, { length: 1, config }));
    expect([...y.slice(0, 2), ...y.slice(16, 18)]).toEqual([-1, 1, -1, 1].map((value) => expect.closeTo(value, 5)));
  });
});

describe("resampling", () => {
  const scope = (kernel: number[]) =>
    scopeOf({
      "resampling.weight": constant(tensor(kernel, [1, 1, 3, 3])),
      "resampling.bias": constant(tensor([0])),
    });
  const centre = [0, 0, 0, 0, 1, 0, 0, 0, 0];

  it("doubles by repeating pixels, then convolves", () => {
    const image = tensor([1, 2, 3, 4], [1, 1, 2, 2]);
    expect(evaluate(image, (x) => double(scope(centre), x))).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });

  it("halves by a convolution with stride 2", () => {
    const image = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [1, 1, 4, 4]);
    expect(evaluate(image, (x) => halve(scope(centre), x))).toEqual([1, 3, 9, 11]);
    expect(evaluate(image, (x) => halve(scope(Array(9).fill(1)), x))).toEqual([14, 30, 57, 99]);
  });
});
