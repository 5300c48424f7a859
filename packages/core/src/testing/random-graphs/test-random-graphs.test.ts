import { describe, expect, it } from "vitest";
import type { Backend } from "../../engine/backend/contract.js";
import { emit } from "../../engine/graph/emit.js";
import type { Graph } from "../../engine/graph/graph.js";
import { rewriteGraph } from "../../engine/graph/passes/index.js";
import type { OpName, Value } from "../../engine/graph/value.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { opCases } from "../op-cases.js";
import { mulberry32 } from "../values.js";
import { randomGraph } from "./generate.js";
import { checkRandomGraph } from "./test-random-graphs.js";

/** The interpreter, with some nodes computed as other ones. */
function brokenBackend(change: (node: Value) => Value): Backend {
  const inner = referenceBackend();
  return { ...inner, compile: (graph: Graph, options) => inner.compile(rewriteGraph(graph, change), options) };
}

/** The first failure among the seeds. */
async function firstFailure(backend: Backend, seeds: number, tolerance = 1e-5): Promise<string> {
  for (let seed = 1; seed <= seeds; seed++) {
    const failure = await checkRandomGraph(backend, seed, tolerance).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (failure !== undefined) return failure;
  }
  return "none";
}

describe("randomGraph", () => {
  it("is the same for the same seed", () => {
    expect(randomGraph(7)).toEqual(randomGraph(7));
    expect(randomGraph(7)).not.toEqual(randomGraph(8));
  });

  it("uses every op, every dtype and shapes of every rank within the seeds that a device is tested with", () => {
    const ops = new Set<string>();
    const types = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      for (const ingredient of randomGraph(seed).ingredients) {
        if ("op" in ingredient) ops.add(ingredient.op);
        else types.add(`${ingredient.given.dtype} of rank ${ingredient.given.shape.length}`);
      }
    }
    expect([...ops].sort()).toEqual(Object.keys(opCases).sort());
    expect(types.size).toBe(3 * 7);
  });
});

describe("checkRandomGraph", () => {
  it("lets the interpreter pass", async () => {
    expect(await firstFailure(referenceBackend(), 100)).toBe("none");
  });

  const swapped = (from: OpName, to: OpName) => (node: Value) =>
    node.op === from ? (emit(to, node.inputs, node.attributes as never) as Value) : node;

  it.each<[string, (node: Value) => Value, RegExp]>([
    ["takes the largest for the smallest", swapped("minimum", "maximum"), /= minimum\(%\d, %\d\)\nreturn/],
    ["takes less for lessEqual", swapped("lessEqual", "less"), /= lessEqual\(%\d, %\d\)\nreturn/],
    [
      "loses an axis of size 1 in an int32 abs",
      (node) => {
        if (node.op !== "abs" || node.dtype !== "int32" || !node.shape.includes(1)) return node;
        return emit("neg", node.inputs, {});
      },
      /= abs\(%\d\)\nreturn/,
    ],
    [
      "forgets what a pad is filled with",
      (node) => (node.op === "pad" ? emit("pad", node.inputs, { ...node.attributes, value: 0 }) : node),
      /= pad\(%\d; .*\)\nreturn/,
    ],
    [
      "strides from the wrong end",
      (node) => {
        if (node.op !== "slice" || node.attributes.strides.every((stride) => stride === 1)) return node;
        const { starts, strides } = node.attributes;
        const ends = starts.map((start, axis) => start + (node.shape[axis] as number));
        return emit("slice", node.inputs, { starts, ends, strides: strides.map(() => 1) });
      },
      /= slice\(%\d; .*\)\nreturn/,
    ],
  ])("shrinks the graph of a device that %s to that one op", async (_what, change, found) => {
    const failure = await firstFailure(brokenBackend(change), 300);
    expect(failure).toMatch(/^random graph \d+: output y\d+: element \d+ is /);
    expect(failure).toMatch(found);
    expect(failure.match(/^%\d+: /gm)?.length).toBeLessThanOrEqual(4);
  });

  /** Every result off by up to `amount` of itself, as another order of additions makes it. */
  function inexact(amount: number): Backend {
    let seed = 0;
    return brokenBackend((node) => {
      if (node.dtype !== "float32" || node.op === "input" || node.op === "constant") return node;
      const uniform = mulberry32(seed++);
      const data = Float32Array.from({ length: 1 }, () => 1 + amount * (2 * uniform() - 1));
      return emit("mul", [node, emit("constant", [], { data, shape: [] })], {});
    });
  }

  it("lets a device pass that rounds in another way, and no other", async () => {
    expect(await firstFailure(inexact(2e-6), 100)).toBe("none");
    expect(await firstFailure(inexact(2e-3), 100)).toMatch(/^random graph/);
  });

  it("reports a device that fails, with what it said", async () => {
    const failing = brokenBackend((node) => {
      if (node.op === "erf") throw new Error("no kernel for erf");
      return node;
    });
    expect(await firstFailure(failing, 300)).toMatch(/^random graph \d+: Error: no kernel for erf\n(.*\n)*.*= erf\(/);
  });
});
