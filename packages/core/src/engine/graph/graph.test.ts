import { describe, expect, it } from "vitest";
import { emit } from "./emit.js";
import { buildGraph, topologicalOrder } from "./graph.js";
import { add, exp, mul } from "./operations.js";
import { input } from "./trace.js";
import type { Value } from "./value.js";

const x = input("x", { dtype: "float32", shape: [2] });
const y = input("y", { dtype: "float32", shape: [2] });

describe("buildGraph", () => {
  it("lists operands before users, each node once, declared inputs first", () => {
    const doubled = mul(x, 2);
    const result = add(doubled, exp(doubled));
    const graph = buildGraph([x, y], { result });
    expect(graph.nodes.map((node) => node.op)).toEqual(["input", "input", "constant", "mul", "exp", "add"]);
    expect(graph.nodes[0]).toBe(x);
    expect(graph.nodes[1]).toBe(y);
  });

  it("drops what no output depends on", () => {
    mul(x, 2);
    expect(buildGraph([x], { same: x }).nodes).toEqual([x]);
  });

  it("refuses a graph without outputs and one that uses an undeclared input", () => {
    expect(() => buildGraph([x], {})).toThrowError("A graph needs at least one output.");
    expect(() => buildGraph([x], { result: add(x, y) })).toThrowError('Input "y" is used but not declared');
  });
});

describe("topologicalOrder", () => {
  it("follows a chain deeper than the call stack", () => {
    let value: Value = x;
    for (let i = 0; i < 100_000; i++) value = emit("neg", [value], {});
    const order = topologicalOrder([], [value]);
    expect(order).toHaveLength(100_001);
    expect(order[0]).toBe(x);
    expect(order[100_000]).toBe(value);
  });
});
