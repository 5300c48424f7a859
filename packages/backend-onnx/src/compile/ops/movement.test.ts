import {
  broadcastTo,
  concat,
  emit,
  pad,
  reshape,
  slice,
  trace,
  transpose,
  type Value,
} from "@diffusion-forcing/core/graph";
import { describe, expect, it } from "vitest";
import { lowerGraph } from "../lower-graph.js";
import { printModel } from "../proto/print.js";

/** What is emitted for fn of x float32[2, 3, 4]. */
function emitted(fn: (x: Value) => Value): string {
  const graph = trace({ x: { dtype: "float32", shape: [2, 3, 4] } }, ({ x }) => ({ y: fn(x) }));
  return printModel(lowerGraph(graph, { target: "cpu", name: "g", metadata: {} }).model);
}

describe("slice", () => {
  it("names only the axes that it cuts", () => {
    expect(emitted((x) => slice(x, 1, 1, 3))).toMatchInlineSnapshot(`
      "input x: float32[2, 3, 4]
      %0: int64[1] = 1
      %1: int64[1] = 3
      y = Slice(x, %0, %1, %0, %0)
      output y: float32[2, 2, 4]"
    `);
    expect(
      emitted((x) => emit("slice", [x], { starts: [0, 0, 1], ends: [1, 3, 4], strides: [1, 1, 2] })),
    ).toMatchInlineSnapshot(`
      "input x: float32[2, 3, 4]
      %0: int64[2] = 0, 1
      %1: int64[2] = 1, 4
      %2: int64[2] = 0, 2
      %3: int64[2] = 1, 2
      y = Slice(x, %0, %1, %2, %3)
      output y: float32[1, 3, 2]"
    `);
  });

  it("of everything is nothing", () => {
    expect(emitted((x) => slice(x, 1, 0, 3))).toMatchInlineSnapshot(`
      "input x: float32[2, 3, 4]
      y = Identity(x)
      output y: float32[2, 3, 4]"
    `);
  });
});

it("pad gives the amounts before all axes, then those after them, and a value of the operand's dtype", () => {
  expect(emitted((x) => pad(x, 2, 1, 5, 7))).toMatchInlineSnapshot(`
    "input x: float32[2, 3, 4]
    %0: int64[6] = 0, 0, 1, 0, ...
    %1: float32[] = 7
    y = Pad(x, %0, %1)
    output y: float32[2, 3, 10]"
  `);
});

it("concat, transpose, broadcast and reshape are one node each", () => {
  expect(emitted((x) => concat([x, x], 1))).toMatchInlineSnapshot(`
    "input x: float32[2, 3, 4]
    y = Concat(x, x; axis=1)
    output y: float32[2, 6, 4]"
  `);
  expect(emitted((x) => transpose(x, [2, 0, 1]))).toMatchInlineSnapshot(`
    "input x: float32[2, 3, 4]
    y = Transpose(x; perm=[2, 0, 1])
    output y: float32[4, 2, 3]"
  `);
  expect(emitted((x) => broadcastTo(x, [5, 2, 3, 4]))).toMatchInlineSnapshot(`
    "input x: float32[2, 3, 4]
    %0: int64[4] = 5, 2, 3, 4
    y = Expand(x, %0)
    output y: float32[5, 2, 3, 4]"
  `);
  expect(emitted((x) => reshape(x, [6, -1]))).toMatchInlineSnapshot(`
    "input x: float32[2, 3, 4]
    %0: int64[2] = 6, 4
    y = Reshape(x, %0)
    output y: float32[6, 4]"
  `);
});
