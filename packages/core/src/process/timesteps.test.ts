import { describe, expect, it } from "vitest";
import { timestepLevels } from "./timesteps.js";

describe("timestepLevels", () => {
  it("runs from clean to pure noise", () => {
    expect([...timestepLevels(100, 10)]).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    expect([...timestepLevels(5, 5)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...timestepLevels(7, 1)]).toEqual([0, 7]);
  });

  it("rounds in float32 as the official table does", () => {
    // Exact arithmetic gives 32 at index 7, float32 just under it.
    expect([...timestepLevels(64, 14)]).toEqual([0, 4, 9, 13, 18, 22, 27, 31, 36, 41, 45, 50, 54, 59, 64]);
    // Float64 arithmetic gives one less at index 11.
    expect(timestepLevels(50, 22)[11]).toBe(25);
  });

  it("visits strictly rising levels for every number of steps", () => {
    for (const levels of [1, 2, 17, 50, 64, 100, 999, 1000]) {
      for (let steps = 1; steps <= levels; steps++) {
        const table = timestepLevels(levels, steps);
        expect(table[0]).toBe(0);
        expect(table[steps]).toBe(levels);
        expect(table.every((level, i) => i === 0 || level > (table[i - 1] as number))).toBe(true);
      }
    }
  });

  it.each([
    [10, 11],
    [10, 0],
    [10, 2.5],
    [0, 1],
  ])("refuses %d levels in %d steps", (levels, steps) => {
    expect(() => timestepLevels(levels, steps)).toThrow(/1 <= steps <= levels/);
  });

  it("says what it was given in their place", () => {
    expect(() => timestepLevels({ a: 1 } as never, null as never)).toThrow(
      /: null steps over an object with a levels;/,
    );
  });
});
