import { describe, expect, it } from "vitest";
import { constant } from "../../engine/graph/operations.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { elementsOf, levelsOf, numbersOf } from "../../testing/elements-of.js";
import { type EstimateLimit, limited } from "./limit.js";

const path = { signal: Float64Array.of(1, 0.8, 0.6), noise: Float64Array.of(0, 0.6, 0.8) };
const within = (limit: EstimateLimit, clean: number[], levels: number[], range?: [number, number]) =>
  elementsOf({ clean: numbersOf(...clean), levels: levelsOf(...levels) }, ({ clean, levels }) =>
    limited(path, limit, clean, levels, range && { minimum: constant(range[0]), maximum: constant(range[1]) }),
  );
const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));

describe("limited", () => {
  it("by data reaches a margin of their span beyond both ends, at every level", () => {
    const limit = { kind: "data", margin: 0.25 } as const;
    expect(within(limit, [9, -9, 4.4, -1.4], [0, 1, 2, 2], [-1, 4])).toEqual(close([5.25, -2.25, 4.4, -1.4]));
    expect(within({ kind: "data", margin: 0 }, [9, -9], [1, 1], [-1, 4])).toEqual([4, -1]);
  });

  it("by data without a range is 1.5 + 8 alpha / sigma either way, and none of clean tokens", () => {
    const limit = { kind: "data", margin: 0.25 } as const;
    expect(within(limit, [1e9, 99, -99, 99, -99, 7], [0, 1, 1, 2, 2, 2])).toEqual(
      close([1e9, 1.5 + 32 / 3, -1.5 - 32 / 3, 7.5, -7.5, 7]),
    );
  });

  it("static is its bound either way, and none is none", () => {
    expect(within({ kind: "static", bound: 2 }, [5, -5, 1], [0, 1, 2], [-1, 1])).toEqual([2, -2, 1]);
    expect(within({ kind: "none" }, [5, -5, 1], [0, 1, 2], [-1, 1])).toEqual([5, -5, 1]);
  });

  it("takes a range of each channel", () => {
    const inputs = { clean: tensor([9, 9, -9, -9], [1, 2, 2]), levels: levelsOf(1, 1) };
    const range = { minimum: constant(tensor([-1, -2], [1, 1, 2])), maximum: constant(tensor([1, 4], [1, 1, 2])) };
    const found = elementsOf(inputs, ({ clean, levels }) =>
      limited(path, { kind: "data", margin: 0.5 }, clean, levels, range),
    );
    expect(found).toEqual([2, 7, -2, -5]);
  });
});
