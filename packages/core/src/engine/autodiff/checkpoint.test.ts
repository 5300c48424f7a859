import { describe, expect, it } from "vitest";
import { buildGraph } from "../graph/graph.js";
import { mul, sin, sum } from "../graph/operations.js";
import { optimize } from "../graph/passes/index.js";
import { printGraph } from "../graph/print.js";
import { input } from "../graph/trace.js";
import type { Value } from "../graph/value.js";
import { evaluateGraph } from "../reference/index.js";
import { tensor } from "../tensor/tensor.js";
import { checkpoint } from "./checkpoint.js";
import { gradient } from "./gradient.js";

const pair = { dtype: "float32", shape: [2] } as const;

/** sin(sin(x w) w), in two blocks, the second nested in another; its slopes by x and w. */
function slopes(rematerialize: boolean, marked = true) {
  const block = marked
    ? checkpoint
    : <E extends readonly Value[]>(entrances: E, fn: (...e: E) => Value) => fn(...entrances);
  const [x, w] = [input("x", pair), input("w", pair)];
  const first = block([x], (before) => sin(mul(before, w)));
  const second = block([first], (before) => block([before], (inner) => sin(mul(inner, w))));
  const objective = sum(second);
  const [dx, dw] = gradient(objective, [x, w], { rematerialize }) as [Value, Value];
  return buildGraph([x, w], { objective, dx, dw });
}

const inputs = { x: tensor([0.5, -1]), w: tensor([2, 3]) };
const counts = (graph: ReturnType<typeof slopes>, op: string) => graph.nodes.filter((node) => node.op === op).length;

describe("checkpoint", () => {
  it("changes no value, differentiated either way", () => {
    // sin(sin(1) 2) + sin(sin(-3) 3); d/dx cos(sin(1) 2) 2 cos(1) 2 and cos(3 sin(-3)) 3 cos(-3) 3.
    const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));
    for (const graph of [slopes(true), slopes(false), optimize(slopes(true)), optimize(slopes(false, false))]) {
      const { objective, dx, dw } = evaluateGraph(graph, inputs);
      expect([...objective!.data]).toEqual(close([0.5828921]));
      expect([...dx!.data]).toEqual(close([-0.2418625, -8.1233075]));
      expect([...dw!.data]).toEqual(close([-0.1546352, 2.5791081]));
    }
  });

  it("means nothing once compiled, unless it is asked for", () => {
    expect(printGraph(optimize(slopes(false)))).toBe(printGraph(optimize(slopes(false, false))));
  });

  it("computes the blocks once more, and no pass undoes it", () => {
    const [once, twice] = [optimize(slopes(false)), optimize(slopes(true))];
    expect([counts(once, "sin"), counts(once, "barrier")]).toEqual([2, 0]);
    // The last sine of a block is not needed again: its derivative is the cosine of its operand. The first one is, as
    // the entrance of the second block.
    expect(counts(twice, "barrier")).toBeGreaterThanOrEqual(2);
    expect(counts(twice, "mul")).toBeGreaterThan(counts(once, "mul"));
    const ofConstants = (graph: typeof once) => optimize(graph).nodes.length;
    expect(ofConstants(twice)).toBe(twice.nodes.length);
  });

  it("goes on to the block before only when the block's parameters have their gradients", () => {
    const [x, v, w] = [input("x", pair), input("v", pair), input("w", pair)];
    const first = checkpoint([x], (before) => sin(mul(before, v)));
    const second = checkpoint([first], (before) => sin(mul(before, w)));
    const [dv, dw] = gradient(sum(second), [v, w], { rematerialize: true }) as [Value, Value];
    const graph = buildGraph([x, v, w], { dv, dw });
    const waiting = graph.nodes.filter(({ op, inputs: operands }) => op === "barrier" && operands.includes(dw));
    expect(waiting.length).toBe(1);
    const { nodes } = buildGraph([x, v, w], { dv });
    expect(nodes).toContain(dw);
  });

  it("leaves what does not depend on the entrances alone", () => {
    const [x, w] = [input("x", pair), input("w", pair)];
    const y = checkpoint([x], (before) => mul(sin(w), sin(before)));
    const [dw] = gradient(sum(y), [w], { rematerialize: true }) as [Value];
    const graph = optimize(buildGraph([x, w], { dw }));
    expect(graph.nodes.filter(({ op }) => op === "sin").length).toBe(1);
    expect(evaluateGraph(graph, inputs).dw!.data[0]).toBeCloseTo(Math.cos(2) * Math.sin(0.5), 5);
  });
});
