import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { bootstrapWalk, filled, lastValue, seasonalNaive, vectorAutoregression } from "./baselines.js";

const random = createRandom(0);
const table = (columns: string[], ...values: number[]) => ({ columns, values: Float64Array.from(values) });

describe("baselines", () => {
  it("last value, last season", () => {
    const two = table(["a", "b"], 1, 10, 2, 20, 3, 30, 4, Number.NaN);
    expect([...lastValue(two, 2, 1, random)]).toEqual([4, 30, 4, 30]);
    expect([...seasonalNaive(3)(table(["a"], 1, 2, 3, 4), 5, 1, random)]).toEqual([2, 3, 4, 2, 3]);
    expect([...filled(table(["a"], Number.NaN, 2, Number.NaN))]).toEqual([2, 2, 2]);
    expect(() => filled(table(["a"], Number.NaN))).toThrow("Column a holds no value.");
  });

  it("bootstrap: steps of one moment stay together", () => {
    const walk = bootstrapWalk("difference")(table(["a", "b"], 0, 0, 1, 2, 0, 0, 1, 2), 3, 50, random);
    for (let i = 0; i < walk.length; i += 2) expect(walk[i + 1]).toBe(2 * (walk[i] as number));
    expect(new Set(walk).size).toBeGreaterThan(5);
    const factors = bootstrapWalk("log-return", 1)(table(["a"], 1, 4, 2), 2, 1, random);
    expect([...factors].map((x) => Number(x.toFixed(6)))).toEqual([1, 0.5]);
  });

  it("VAR(1) finds the law of a series that follows one", () => {
    const values = [1, 0];
    for (let t = 1; t < 60; t++) {
      const [a, b] = values.slice(-2) as [number, number];
      values.push(0.5 * a + 0.3 * b + 1, -0.2 * a + 0.7 * b);
    }
    const law = vectorAutoregression("level", table(["a", "b"], ...values));
    const next = law(table(["a", "b"], 2, 1), 2, 1, random);
    for (const [i, expected] of [2.3, 0.3, 2.24, -0.25].entries()) expect(next[i]).toBeCloseTo(expected, 3);
    expect(() => vectorAutoregression("level", table(["a", "b"], 1, 2, 3, 4))).toThrow("needs more than 1 rows");
  });
});
