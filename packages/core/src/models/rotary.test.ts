import { describe, expect, it } from "vitest";
import { matmul, reshape } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { rotaryFrequencies, rotaryTables, rotate, rotateBack } from "./rotary.js";

describe("rotary positions", () => {
  it("have frequencies 10000^(-2 i / width)", () => {
    expect([...rotaryFrequencies(4)]).toEqual([1, expect.closeTo(0.01, 8)]);
    expect([...rotaryFrequencies(8)]).toEqual([1, 0.1, 0.01, 0.001].map((value) => expect.closeTo(value, 7)));
  });

  it("turn each pair of features by its angle", () => {
    const x = tensor([1, 0, 1, 0, 0, 2, 1, 0], [2, 1, 4]);
    const graph = trace({ x }, ({ x: value }) => ({ y: rotate(value, rotaryTables([0, 1], 4)) }));
    const { y } = evaluateGraph(graph, { x });
    expect(y!.shape).toEqual([2, 1, 4]);
    // Position 0 turns nothing; position 1 turns (0, 2) by 1 and (1, 0) by 0.01.
    const expected = [1, 0, 1, 0, -1.682942, 1.0806046, 0.99995, 0.0099998];
    expect([...y!.data]).toEqual(expected.map((value) => expect.closeTo(value, 6)));
  });

  it("turn back what they turned", () => {
    const x = tensor([0.3, -1, 0.7, 2, 0.5, 0.25, -1.5, 1], [2, 4]);
    const tables = rotaryTables([5, -2], 4);
    const graph = trace({ x }, ({ x: value }) => ({ y: rotateBack(rotate(value, tables), tables) }));
    expect([...evaluateGraph(graph, { x }).y!.data]).toEqual([...x.data].map((value) => expect.closeTo(value, 6)));
  });

  it("make a product depend on the distance of two positions only", () => {
    const x = tensor([0.3, -1, 0.7, 2, 0.5, 0.25, -1.5, 1], [2, 4]);
    const product = (positions: number[]): number => {
      const graph = trace({ x }, ({ x: value }) => {
        const turned = rotate(value, rotaryTables(positions, 4));
        return { y: reshape(matmul(turned, turned, { transposeB: true }), [4]) };
      });
      return evaluateGraph(graph, { x }).y!.data[1]!;
    };
    expect(product([5, 2])).toBeCloseTo(product([103, 100]), 5);
    expect(Math.abs(product([5, 2]) - product([5, 3]))).toBeGreaterThan(0.1);
  });
});
