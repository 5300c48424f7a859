import { describe, expect, it } from "vitest";
import { emit } from "../emit.js";
import { abs, add, neg, relu } from "../operations.js";
import { printGraph } from "../print.js";
import { trace } from "../trace.js";
import type { Value } from "../value.js";
import { rewriteGraph } from "./rewrite.js";

const graph = trace({ x: { dtype: "float32", shape: [2] }, unused: { dtype: "float32", shape: [] } }, ({ x }) => ({
  y: add(neg(x), abs(x)),
  z: neg(x),
}));

const negToRelu = (node: Value): Value => (node.op === "neg" ? emit("relu", node.inputs, {}) : node);

describe("rewriteGraph", () => {
  it("gives every user the replacement and keeps the declared inputs and output names", () => {
    expect(printGraph(rewriteGraph(graph, negToRelu))).toMatchInlineSnapshot(`
      "%0: float32[2] = input(x)
      %1: float32[] = input(unused)
      %2: float32[2] = relu(%0)
      %3: float32[2] = abs(%0)
      %4: float32[2] = add(%2, %3)
      %5: float32[2] = relu(%0)
      return y = %4
      return z = %5"
    `);
  });

  it("shows a rewrite its operands already rewritten", () => {
    const operandsOfAdd: string[] = [];
    rewriteGraph(graph, (node) => {
      if (node.op === "add") operandsOfAdd.push(...node.inputs.map((operand) => operand.op));
      return negToRelu(node);
    });
    expect(operandsOfAdd).toEqual(["relu", "abs"]);
  });

  it("gives the same graph back when nothing changes", () => {
    expect(rewriteGraph(graph, (node) => node)).toBe(graph);
  });

  it("refuses a replacement of another type", () => {
    expect(() =>
      rewriteGraph(graph, (node) =>
        node.op === "neg" ? emit("cast", [relu(node.inputs[0]!)], { dtype: "int32" }) : node,
      ),
    ).toThrowError('A pass replaced "neg" (float32[2]) by "cast" (int32[2])');
  });
});
