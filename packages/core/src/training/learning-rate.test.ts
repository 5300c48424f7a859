import { describe, expect, it } from "vitest";
import { checkLearningRate, type LearningRateSchedule, learningRateFactor } from "./learning-rate.js";

const factors = (schedule: LearningRateSchedule, steps: number, at: number[]): number[] =>
  at.map((step) => learningRateFactor(schedule, step, steps));

describe("learningRateFactor", () => {
  it("is 1 throughout without warm-up", () => {
    expect(factors({ kind: "constant" }, 3, [1, 2, 3])).toEqual([1, 1, 1]);
  });

  it("rises linearly during warm-up, from the first step on", () => {
    expect(factors({ kind: "constant", warmupSteps: 4 }, 12, [1, 2, 3, 4, 5, 12])).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
    expect(factors({ kind: "cosine", warmupSteps: 4 }, 12, [1, 2, 3, 4])).toEqual([0.25, 0.5, 0.75, 1]);
  });

  it("takes the whole rate in the first step and lags by one after it, as the official code does, if told", () => {
    const schedule = { kind: "constant", warmupSteps: 4, compatibility: "official" } as const;
    expect(factors(schedule, 12, [1, 2, 3, 4, 5, 6])).toEqual([1, 0.25, 0.5, 0.75, 1, 1]);
    expect(factors({ kind: "constant", compatibility: "official" }, 3, [1, 2, 3])).toEqual([1, 1, 1]);
  });

  it("falls by half a cosine from the end of warm-up to 0 at the last step", () => {
    // (1 + cos(pi / 4)) / 2, and the same at 1/2 and 3/4 of the way.
    const close = [0.8535533906, 0.5, 0.1464466094, 0].map((value) => expect.closeTo(value, 9));
    expect(factors({ kind: "cosine", warmupSteps: 4 }, 12, [6, 8, 10, 12])).toEqual(close);
    expect(factors({ kind: "cosine" }, 4, [1, 2, 3, 4])).toEqual(close);
  });

  it("stays 0 after the last step and finite when warm-up fills the run", () => {
    expect(factors({ kind: "cosine" }, 4, [9])).toEqual([0]);
    expect(factors({ kind: "cosine", warmupSteps: 5 }, 5, [4, 5])).toEqual([0.8, 1]);
  });
});

describe("checkLearningRate", () => {
  it.each<[unknown, string]>([
    [{ kind: "linear" }, 'kind is "linear"; expected "constant", "cosine"'],
    [{}, 'kind is "missing"'],
    [{ kind: "cosine", warmupSteps: -1 }, "warmupSteps is -1"],
    [{ kind: "cosine", compatibility: "pytorch" }, 'compatibility is "pytorch"'],
  ])("refuses %j", (schedule, message) => {
    expect(() => checkLearningRate(schedule as LearningRateSchedule)).toThrow(message);
  });
});
