import { describe, expect, it } from "vitest";
import { cosineFirstTable, sinusoidTable } from "./sinusoid.js";

describe("sinusoidTable", () => {
  it("holds sines, then cosines, of frequencies from 1 to 1/10000", () => {
    const { dtype, shape, data } = sinusoidTable(2, 1, 8);
    expect([dtype, shape]).toEqual(["float32", [1, 8]]);
    // Frequencies 1, 10000^(-1/3) = 0.0464159, 10000^(-2/3) = 0.00215443, 0.0001 at position 2.
    const expected = [0.9092974, 0.0926985, 0.0043089, 0.0002, -0.4161468, 0.9956942, 0.9999907, 1];
    expect([...data]).toEqual(expected.map((value) => expect.closeTo(value, 6)));
  });

  it("embeds consecutive positions from the first, which may be negative", () => {
    const { shape, data } = sinusoidTable(-1, 3, 4);
    expect(shape).toEqual([3, 4]);
    const rows = [
      [-0.841471, -0.0001, 0.5403023, 1],
      [0, 0, 1, 1],
      [0.841471, 0.0001, 0.5403023, 1],
    ];
    expect([...data]).toEqual(rows.flat().map((value) => expect.closeTo(value, 6)));
  });
});

describe("cosineFirstTable", () => {
  it("holds cosines, then sines, of frequencies from 1 towards 1/10000", () => {
    const { shape, data } = cosineFirstTable(-1, 4, 4);
    expect(shape).toEqual([4, 4]);
    // Frequencies 1 and 10000^(-1/2) = 0.01 at position 2.
    const expected = [-0.4161468, 0.9998, 0.9092974, 0.0199987];
    expect([...data.subarray(12)]).toEqual(expected.map((value) => expect.closeTo(value, 6)));
  });
});
