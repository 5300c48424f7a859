import { describe, expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { causalMask } from "../causal-mask.js";
import { type Groups, selfAttention } from "./attention.js";

/** Attention with queries and keys of zero: everyone takes the mean of the values it sees. Values are 1, 2, .. */
function means(groups: Groups, causal = false): number[] {
  const rows = groups.outer * groups.length * groups.inner;
  const projected = tensor(Array.from({ length: rows }, (_, row) => [0, 0, row + 1]).flat(), [rows, 3]);
  const mask = causal ? causalMask(groups.length) : undefined;
  const graph = trace({ projected }, (values) => ({
    y: selfAttention(values.projected, { groups, heads: 1, rotary: undefined, mask }),
  }));
  return Array.from(evaluateGraph(graph, { projected }).y!.data);
}

describe("selfAttention", () => {
  it("mixes along the middle axis only", () => {
    expect(means({ outer: 2, length: 2, inner: 2 })).toEqual([2, 3, 2, 3, 6, 7, 6, 7]);
    expect(means({ outer: 1, length: 3, inner: 2 })).toEqual([3, 4, 3, 4, 3, 4]);
    expect(means({ outer: 1, length: 3, inner: 1 }, true)).toEqual([1, 1.5, 2]);
  });
});
