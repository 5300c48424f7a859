import { describe, expect, it } from "vitest";
import { buildGraph } from "../graph/graph.js";
import { add, mul, sin, sum } from "../graph/operations.js";
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
    // The slope of the second block's entrance, and what it waits for: nothing but the slope of w.
    expect(waiting.map(({ inputs: operands }) => operands.slice(1))).toEqual([[dw]]);
    const { nodes } = buildGraph([x, v, w], { dv });
    expect(nodes).toContain(dw);
  });

  it("waits for nothing where a block has no parameters, and lets an entrance without a slope alone", () => {
    const [x, m, w] = [input("x", pair), input("m", pair), input("w", pair)];
    const barriers = (objective: Value, targets: Value[]) => {
      const [slope] = gradient(objective, targets, { rematerialize: true }) as [Value];
      return printGraph(buildGraph([x, m, w], { slope })).match(/barrier/g)!.length;
    };
    const bare = checkpoint([x], (before) => sin(mul(before, before)));
    // The one of the entrance, whose block is computed once more.
    expect(barriers(sum(bare), [x])).toBe(1);
    const masked = checkpoint([x, m, x], (before, mask, again) => mul(sin(mul(before, w)), mul(mask, again)));
    const [dx, dw] = gradient(sum(masked), [x, w], { rematerialize: true }) as [Value, Value];
    const graph = buildGraph([x, m, w], { dx, dw });
    const found = evaluateGraph(graph, { ...inputs, m: tensor([10, 0]) });
    // 10 (sin(1) + .5 2 cos(1)) and 10 .5 .5 cos(1).
    expect([...found.dx!.data]).toEqual([expect.closeTo(10 * (Math.sin(1) + Math.cos(1)), 4), expect.closeTo(0, 6)]);
    expect([...found.dw!.data]).toEqual([expect.closeTo(2.5 * Math.cos(1), 4), expect.closeTo(0, 6)]);
  });

  it("keeps blocks where nobody asks for it", () => {
    const [x, w] = [input("x", pair), input("w", pair)];
    const y = checkpoint([x], (before) => sin(mul(before, w)));
    const graphOf = (options?: { rematerialize: boolean }) =>
      printGraph(optimize(buildGraph([x, w], { dw: gradient(sum(y), [w], options)[0] as Value })));
    expect(graphOf()).toBe(graphOf({ rematerialize: false }));
    expect(graphOf()).not.toBe(graphOf({ rematerialize: true }));
  });

  it("adds the slope of a block's output to what it has from elsewhere", () => {
    // The block gives a value of around it: sum(sin(w)) + sum(sin(w)) has the slope 2 cos(w).
    const [x, w] = [input("x", pair), input("w", pair)];
    const shared = sin(w);
    const objectives = [(block: Value) => add(sum(shared), sum(block)), (block: Value) => add(sum(block), sum(shared))];
    for (const objective of objectives) {
      const y = objective(checkpoint([x], (_before) => shared));
      const [dw] = gradient(y, [w], { rematerialize: true }) as [Value];
      const { data } = evaluateGraph(buildGraph([x, w], { dw }), inputs).dw!;
      expect([...data]).toEqual([2, 3].map((value) => expect.closeTo(2 * Math.cos(value), 5)));
    }
  });

  it("knows the slope by a value inside of a block, and of what comes before it", () => {
    const [x, w] = [input("x", pair), input("w", pair)];
    let inner: Value = x;
    const y = checkpoint([x], (before) => {
      inner = mul(before, before);
      return mul(inner, w);
    });
    const [byInner, byX] = gradient(sum(y), [inner, x], { rematerialize: true }) as [Value, Value];
    const found = evaluateGraph(buildGraph([x, w], { byInner, byX }), inputs);
    expect([...found.byInner!.data]).toEqual([2, 3]);
    expect([...found.byX!.data]).toEqual([2, -6]);
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
