import { describe, expect, it } from "vitest";
import { hashGraph } from "../../graph/hash.js";
import { add, concat, mul, sum } from "../../graph/operations.js";
import { printGraph } from "../../graph/print.js";
import { trace } from "../../graph/trace.js";
import { graphFromMessage, graphToMessage } from "./graph-message.js";

describe("a graph as a message", () => {
  it("comes back equal, shared nodes and unused inputs included", () => {
    const graph = trace({ x: { dtype: "float32", shape: [2, 3] }, unused: { dtype: "int32", shape: [] } }, ({ x }) => {
      const y = mul(x, 2);
      return { z: concat([y, add(y, x)], 1), again: y, total: sum(y) };
    });
    const back = graphFromMessage(structuredClone(graphToMessage(graph)));
    expect(hashGraph(back)).toBe(hashGraph(graph));
    expect(printGraph(back)).toBe(printGraph(graph));
  });
});
