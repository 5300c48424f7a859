import { describe, expect, it } from "vitest";
import { add, gather, reshape, scatterAdd, trace, transpose } from "../graph/index.js";
import { tensor } from "../tensor/tensor.js";
import { checkIndices } from "./index-bounds.js";

const at = { dtype: "int32", shape: [2, 2] } as const;
const table = { dtype: "float32", shape: [3, 4] } as const;
const indices = (...values: number[]) => tensor(Int32Array.from(values), [2, 2]);

describe("checkIndices", () => {
  it("takes 0..N-1 and refuses what lies outside, naming the input, the index and the range", () => {
    const graph = trace({ table, at }, (v) => ({ y: gather(v.table, v.at) }));
    checkIndices(graph, "at", indices(0, 1, 2, 0));
    const message = (index: number) => `run: input "at" holds the index ${index}, but gather takes 0..2 there.`;
    expect(() => checkIndices(graph, "at", indices(0, 3, 0, 0))).toThrow(message(3));
    expect(() => checkIndices(graph, "at", indices(0, 0, 0, -1))).toThrow(message(-1));
  });

  it("looks through what only rearranges, and takes the smallest of several tables", () => {
    const graph = trace({ table, at }, (v) => ({
      rows: gather(v.table, v.at),
      counts: scatterAdd(reshape(gather(v.table, v.at), [4, 4]), reshape(transpose(v.at, [1, 0]), [4]), 2),
    }));
    checkIndices(graph, "at", indices(0, 1, 1, 0));
    expect(() => checkIndices(graph, "at", indices(0, 2, 0, 0))).toThrow("the index 2, but scatterAdd takes 0..1");
  });

  it("leaves inputs alone that indices are computed from, and those that index nothing", () => {
    const graph = trace({ table, at }, (v) => ({ y: gather(v.table, add(v.at, 7)) }));
    checkIndices(graph, "at", indices(-7, -6, -5, -7));
    checkIndices(graph, "table", tensor([9, 9]));
  });
});
