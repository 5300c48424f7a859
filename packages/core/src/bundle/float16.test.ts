import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBfloat16Bits, fromFloat16Bits, toFloat16Bits } from "./float16.js";

describe("float16", () => {
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [1 / 3, 0x3555],
    [65504, 0x7bff],
    // Halfway to what would be 65536.
    [65519.99609375, 0x7bff],
    [65520, 0x7c00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [Number.NaN, 0x7e00],
    // The smallest normal, the largest and the smallest subnormal.
    [2 ** -14, 0x0400],
    [2 ** -14 - 2 ** -24, 0x03ff],
    [2 ** -24, 0x0001],
    // Halfway between 0 and the smallest: to even; just above: up.
    [2 ** -25, 0x0000],
    [2 ** -25 * (1 + 2 ** -23), 0x0001],
    [3 * 2 ** -25, 0x0002],
    // 1 + 2^-11 lies halfway between 1 and 1 + 2^-10: to even; 1 + 3 * 2^-11 likewise, to 1 + 2^-9.
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -23, 0x3c01],
    // The carry of a rounded fraction raises the exponent.
    [2 - 2 ** -12, 0x4000],
    // The largest subnormal's upper half rounds into the normals.
    [2 ** -14 - 2 ** -25, 0x0400],
  ])("%d is %d", (value, bits) => {
    expect(toFloat16Bits(value)).toBe(bits);
  });

  it("brings every one of the 65,536 patterns back, NaNs as a NaN", () => {
    for (let bits = 0; bits < 65_536; bits++) {
      const value = fromFloat16Bits(bits);
      expect(Number.isNaN(value) ? 0x7e00 : toFloat16Bits(value)).toBe(Number.isNaN(value) ? 0x7e00 : bits);
    }
  });

  it("rounds every float32 to the nearest float16, the even one of two", () => {
    const finite = Array.from({ length: 0x7c00 }, (_, bits) => fromFloat16Bits(bits));
    fc.assert(
      fc.property(fc.float({ min: Math.fround(-65519), max: Math.fround(65519), noNaN: true }), (value) => {
        const bits = toFloat16Bits(value) & 0x7fff;
        const distance = (at: number): number => Math.abs((finite[at] ?? 65536) - Math.abs(value));
        for (const other of [bits - 1, bits + 1]) {
          if (other < 0) continue;
          expect(distance(bits)).toBeLessThanOrEqual(distance(other));
          if (distance(bits) === distance(other)) expect(bits % 2).toBe(0);
        }
      }),
      { numRuns: 20_000 },
    );
  });
});

it("bfloat16 is the upper half of a float32", () => {
  expect([0x3f80, 0xc040, 0x0001, 0x7f80].map(fromBfloat16Bits)).toEqual([1, -3, 2 ** -133, Number.POSITIVE_INFINITY]);
});
