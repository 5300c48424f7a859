import { expect, it } from "vitest";
import * as ops from "../engine/graph/operations.js";
import { rewriteGraph } from "../engine/graph/passes/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { compareOps } from "./compare-ops.js";
import { opCases } from "./op-cases.js";

it("finds no difference between the reference and itself, for every op", async () => {
  const differences = await compareOps(referenceBackend());
  expect(Object.keys(differences).sort()).toEqual(Object.keys(opCases).sort());
  expect(new Set(Object.values(differences))).toEqual(new Set([0]));
});

it("shows the op that differs, and the one that fails, and no other", async () => {
  const inner = referenceBackend();
  const differences = await compareOps({
    ...inner,
    compile: (graph, options) => {
      if (graph.nodes.some(({ op }) => op === "floor")) return Promise.reject(new Error("no kernel"));
      return inner.compile(
        rewriteGraph(graph, (node) => (node.op === "sin" ? ops.mul(node, 1.001) : node)),
        options,
      );
    },
  });
  const { sin, floor, ...others } = differences;
  expect(sin).toBeCloseTo(1e-3, 5);
  expect(floor).toBe(Number.POSITIVE_INFINITY);
  expect(new Set(Object.values(others))).toEqual(new Set([0]));
});
