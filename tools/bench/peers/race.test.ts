import { describe, expect, it } from "vitest";
import { race } from "./race.js";

describe("race", () => {
  it("steps the contenders in turns, warm-up first, and reports the last loss", async () => {
    const steps: string[] = [];
    const contender = (name: string) => ({
      step: async () => steps.push(name),
      dispose: () => undefined,
    });
    const timings = await race({ a: contender("a"), b: contender("b") }, { warmup: 1, repeats: 2 });
    expect(steps.join("")).toBe("ababab");
    expect(timings.map(({ name, loss }) => [name, loss])).toEqual([
      ["a", 5],
      ["b", 6],
    ]);
  });
});
