import { describe, expect, it } from "vitest";
import { gelu, layerNorm, softmax } from "../operations.js";
import { printGraph } from "../print.js";
import { isComposite } from "../rules.js";
import { trace } from "../trace.js";
import { expandComposites } from "./expand-composites.js";

const vector = { dtype: "float32", shape: [3] } as const;
const graph = trace({ x: { dtype: "float32", shape: [2, 3] }, scale: vector, bias: vector }, ({ x, scale, bias }) => ({
  y: softmax(gelu(layerNorm(x, scale, bias))),
}));

describe("expandComposites", () => {
  it("expands a composite into its parts", () => {
    const small = trace({ x: { dtype: "float32", shape: [2, 3] } }, ({ x }) => ({ y: softmax(x) }));
    expect(printGraph(expandComposites(small, new Set()))).toMatchInlineSnapshot(`
      "%0: float32[2, 3] = input(x)
      %1: float32[2, 1] = max(%0; axes=[1] keepDims=true)
      %2: float32[2, 3] = sub(%0, %1)
      %3: float32[2, 3] = exp(%2)
      %4: float32[2, 1] = sum(%3; axes=[1] keepDims=true)
      %5: float32[2, 3] = div(%3, %4)
      return y = %5"
    `);
  });

  it("expands the composites inside composites", () => {
    const expanded = expandComposites(graph, new Set());
    expect(expanded.nodes.filter((node) => isComposite(node.op))).toEqual([]);
  });

  it("keeps those a backend takes whole, also inside others", () => {
    const composites = (keep: Parameters<typeof expandComposites>[1]) =>
      expandComposites(graph, keep)
        .nodes.map((node) => node.op)
        .filter(isComposite);
    expect(composites(new Set(["softmax", "layerNorm", "gelu"]))).toEqual(["layerNorm", "gelu", "softmax"]);
    expect(composites(new Set(["standardize"]))).toEqual(["standardize"]);
    expect(composites(new Set(["inverseDeviation", "softmax"]))).toEqual(["inverseDeviation", "softmax"]);
  });

  it("gives the same graph back when there is nothing to expand", () => {
    expect(expandComposites(graph, new Set(["softmax", "layerNorm", "gelu"]))).toBe(graph);
  });
});
