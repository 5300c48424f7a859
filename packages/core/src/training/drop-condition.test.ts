import { describe, expect, it } from "vitest";
import { createRandom, type RandomStream } from "../engine/random/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { dropCondition } from "./drop-condition.js";

describe("dropCondition", () => {
  const condition = tensor(new Float32Array(1000 * 3).fill(1), [1000, 3, 1]);

  it("zeroes whole sequences, about as many as asked", () => {
    const { data } = dropCondition(condition, 0.2, createRandom(0));
    const sums = Array.from({ length: 1000 }, (_, b) => data[3 * b]! + data[3 * b + 1]! + data[3 * b + 2]!);
    expect(new Set(sums)).toEqual(new Set([0, 3]));
    const dropped = sums.filter((sum) => sum === 0).length;
    // Binomial(1000, 0.2): 200 +- 3.3 standard deviations.
    expect(dropped).toBeGreaterThan(158);
    expect(dropped).toBeLessThan(242);
  });

  it("drops none or all, and leaves the given tensor as it is", () => {
    expect(dropCondition(condition, 0, createRandom(0)).data).toEqual(condition.data);
    expect(new Set(dropCondition(condition, 1, createRandom(0)).data)).toEqual(new Set([0]));
    expect(new Set(condition.data)).toEqual(new Set([1]));
  });

  it("draws one number for each sequence, and drops those below the probability", () => {
    const draws = [0, 0.5, 0.49];
    const drawing = { uniform: () => draws.shift() as number } as unknown as RandomStream;
    const three = tensor([1, 2, 3, 4, 5, 6], [3, 1, 2]);
    expect(dropCondition(three, 0.5, drawing)).toEqual(tensor([0, 0, 3, 4, 0, 0], [3, 1, 2]));
    expect(draws).toEqual([]);
    const lowest = { uniform: () => 0 } as unknown as RandomStream;
    expect([...dropCondition(three, 0, lowest).data]).toEqual([1, 2, 3, 4, 5, 6]);
    let count = 0;
    const counting = { uniform: () => count++ } as unknown as RandomStream;
    dropCondition(three, 0.5, counting);
    expect(count).toBe(3);
  });

  it("refuses what is no probability", () => {
    for (const probability of [Number.NaN, -0.1, 1.1]) {
      expect(() => dropCondition(condition, probability, createRandom(0))).toThrow("dropCondition: probability is");
    }
  });

  it("refuses what is no condition, and what draws nothing", () => {
    const random = createRandom(0);
    expect(() => dropCondition(null as never, 0.5, random)).toThrow("dropCondition: the condition is null");
    expect(() => dropCondition(tensor([1], []), 0.5, random)).toThrow("is float32[]; expected float32[B, T, D]");
    expect(() => dropCondition(tensor(Int32Array.of(1), [1, 1, 1]), 0.5, random)).toThrow("is int32[1, 1, 1]");
    expect(() => dropCondition(condition, 0.5, null as never)).toThrow("random is null; expected a RandomStream");
  });
});
