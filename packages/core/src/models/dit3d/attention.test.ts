import { describe, expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { rotaryTables } from "../rotary.js";
import { causalParts, type Groups, selfAttention } from "./attention.js";

/** Attention with queries and keys of zero: everyone takes the mean of the values it sees. Values are 1, 2, .. */
function means(groups: Groups, causalBlock?: number): number[] {
  const rows = groups.outer * groups.length * groups.inner;
  const projected = tensor(Array.from({ length: rows }, (_, row) => [0, 0, row + 1]).flat(), [rows, 3]);
  const graph = trace({ projected }, (values) => ({
    y: selfAttention(values.projected, { groups, heads: 1, rotary: undefined, causalBlock }),
  }));
  return Array.from(evaluateGraph(graph, { projected }).y!.data);
}

describe("selfAttention", () => {
  it("mixes along the middle axis only", () => {
    expect(means({ outer: 2, length: 2, inner: 2 })).toEqual([2, 3, 2, 3, 6, 7, 6, 7]);
    expect(means({ outer: 1, length: 3, inner: 2 })).toEqual([3, 4, 3, 4, 3, 4]);
    expect(means({ outer: 1, length: 3, inner: 1 }, 1)).toEqual([1, 1.5, 2]);
  });

  it("weighs values by softmax(q . k / sqrt(depth)), head by head", () => {
    // Two rows of two heads of two features. Row 1 asks row 0's keys: 3 x 2 and 1 x 4 over sqrt(2); its own are 0.
    const projected = tensor([0, 0, 0, 0, 2, 0, 0, 4, 1, 2, 3, 4, 3, 0, 0, 1, 0, 0, 0, 0, 5, 6, 7, 8], [2, 12]);
    const run = (causalBlock: number | undefined, turned = false) => {
      const rotary = turned ? rotaryTables([0, 3], 2) : undefined;
      const graph = trace({ projected }, (values) => ({
        y: selfAttention(values.projected, {
          groups: { outer: 1, length: 2, inner: 1 },
          heads: 2,
          rotary,
          causalBlock,
        }),
      }));
      return Array.from(evaluateGraph(graph, { projected }).y!.data);
    };
    const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));
    const [first, second] = [6, 4].map((product) => 1 / (1 + Math.exp(-product / Math.SQRT2))) as [number, number];
    const ofRow = ([a, b]: [number, number]) => [5 - 4 * a, 6 - 4 * a, 7 - 4 * b, 8 - 4 * b];
    expect(run(undefined)).toEqual(close([3, 4, 5, 6, ...ofRow([first, second])]));
    expect(run(1)).toEqual(close([1, 2, 3, 4, ...ofRow([first, second])]));
    // The query of row 1 turns by 3 radians, row 0's keys by none.
    const turned = [6, 4].map((product) => 1 / (1 + Math.exp((-product * Math.cos(3)) / Math.SQRT2)));
    expect(run(1, true)).toEqual(close([1, 2, 3, 4, ...ofRow(turned as [number, number])]));
  });

  it("causal, lets each part of a long sequence see its own frames and all before", () => {
    // The mean of 1..n is (n + 1) / 2; frames of 3 rows, a last frame of 1.
    const found = means({ outer: 1, length: 400, inner: 1 }, 3);
    expect(found).toEqual(
      found.map((_, row) => expect.closeTo((Math.min(3 * (Math.floor(row / 3) + 1), 400) + 1) / 2, 3)),
    );
    const ofWholeFrames = means({ outer: 1, length: 320, inner: 1 }, 80);
    expect(ofWholeFrames.slice(78, 82)).toEqual([40.5, 40.5, 80.5, 80.5].map((mean) => expect.closeTo(mean, 3)));
  });
});

describe("causalParts", () => {
  it("are of whole frames, of 64 rows at least, eight at most", () => {
    expect(causalParts(192, 64)).toEqual([
      [0, 64],
      [64, 128],
      [128, 192],
    ]);
    expect(causalParts(7, 1)).toEqual([[0, 7]]);
    expect(causalParts(100, 30)).toEqual([
      [0, 90],
      [90, 100],
    ]);
    expect(causalParts(1600, 100)).toHaveLength(8);
    expect(causalParts(1700, 100)).toHaveLength(6);
  });
});
