import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tensor } from "../engine/tensor/tensor.js";
import { categoricalCodec } from "./categorical.js";

const symbols = (values: number[], shape: number[]) => tensor(Int32Array.from(values), shape);

describe("categoricalCodec", () => {
  it("one-hot: 1 for the symbol, -1 for the others", () => {
    const codec = categoricalCodec({ categories: 3 });
    const tokens = codec.encode(symbols([2, 0], [1, 2]));
    expect(tokens).toEqual(tensor([-1, -1, 1, 1, -1, -1], [1, 2, 3]));
    expect(codec.decode(tensor([-0.2, -0.1, -0.4, 3, 2, 1], [1, 2, 3]))).toEqual(symbols([1, 0], [1, 2]));
    expect(codec.tokenShape([])).toEqual([3]);
    expect(codec.tokenShape([4])).toEqual([12]);
  });

  it("analog bits: the least significant first", () => {
    const codec = categoricalCodec({ categories: 5, encoding: "bits" });
    expect(codec.encode(symbols([4, 3], [1, 1, 2]))).toEqual(tensor([-1, -1, 1, 1, 1, -1], [1, 1, 6]));
    // 7 is no symbol: of 0..4 the nearest to (0.9, 0.1, 0.8) is 3 = (1, 1, -1).
    expect(codec.decode(tensor([0.9, 0.1, 0.8], [1, 1, 3]))).toEqual(symbols([3], [1, 1]));
    expect(codec.decode(tensor([0.2, 0.1, 0.8], [1, 1, 3]))).toEqual(symbols([4], [1, 1]));
  });

  it("gives every symbol back, in both encodings", () => {
    const sizes = fc.record({
      categories: fc.integer({ min: 2, max: 40 }),
      encoding: fc.constantFrom<"one-hot" | "bits">("one-hot", "bits"),
      count: fc.integer({ min: 2, max: 4 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(sizes, ({ categories, encoding, count, seed }) => {
        const data = symbols(
          Array.from({ length: 6 * count }, (_, i) => (seed + 7 * i) % categories),
          [2, 3, count],
        );
        const codec = categoricalCodec({ categories, encoding });
        expect(codec.decode(codec.encode(data))).toEqual(data);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses symbols there are not, and options that make no sense", () => {
    const codec = categoricalCodec({ categories: 3 });
    expect(() => codec.encode(symbols([3], [1, 1]))).toThrow("there is no symbol 3; expected 0 to 2");
    expect(() => codec.encode(symbols([-1], [1, 1]))).toThrow("there is no symbol -1");
    expect(() => codec.encode(tensor([1], [1, 1]))).toThrow("expected int32[B, F, ...]");
    expect(() => codec.decode(tensor([1, 2], [1, 1, 2]))).toThrow("expected [symbols * 3]");
    expect(() => codec.tokenShape([2, 2])).toThrow("expected [] or [symbols]");
    expect(() => categoricalCodec({ categories: 1 })).toThrow("categories is 1; expected a whole number from 2");
    expect(() => categoricalCodec({ categories: 3, encoding: "gray" as never })).toThrow('"one-hot" or "bits"');
  });
});
