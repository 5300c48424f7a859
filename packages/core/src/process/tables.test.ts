import { describe, expect, it } from "vitest";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { atLevel, exactGap, keptAndRemoved } from "./tables.js";

describe("atLevel", () => {
  const at = tensor(Int32Array.of(2, 0, 1, 1), [2, 2]);

  it("reads a table at every token's level and broadcasts over the trailing axes", () => {
    const graph = trace({ at }, (values) => ({ read: atLevel(Float64Array.of(10, 11, 12), values.at, 4) }));
    const { shape, data } = evaluateGraph(graph, { at }).read!;
    expect(shape).toEqual([2, 2, 1, 1]);
    expect([...data]).toEqual([12, 10, 11, 11]);
  });

  it("refuses tokens of fewer axes than levels", () => {
    expect(() => trace({ at }, (values) => ({ read: atLevel(Float64Array.of(1, 2, 3), values.at, 1) }))).toThrow(
      /expected levels \[B, T\] and tokens \[B, T, ...\]/,
    );
  });
});

describe("exactGap and keptAndRemoved", () => {
  it("keep the digits that neighbours of nearly equal value differ in", () => {
    const table = Float64Array.of(100, 100 + 1e-7, 180);
    const inputs = { from: tensor(Int32Array.of(0, 0), [1, 2]), to: tensor(Int32Array.of(1, 2), [1, 2]) };
    const graph = trace(inputs, ({ from, to }) => {
      const gap = exactGap(table, from, to, 3);
      return { gap, ...keptAndRemoved(gap) };
    });
    const { gap, kept, removed } = evaluateGraph(graph, inputs);
    expect(gap!.data[0]! / (table[1]! - 100)).toBeCloseTo(1, 5);
    // 1 - exp(-2 gap) = 2 gap to first order: a difference of float32 numbers would be 0.
    expect(removed!.data[0]! / 2e-7).toBeCloseTo(1, 5);
    expect([kept!.data[0], removed!.data[1]]).toEqual([expect.closeTo(1, 6), 1]);
    expect(kept!.data[1]).toBeLessThan(1e-30);
  });
});
