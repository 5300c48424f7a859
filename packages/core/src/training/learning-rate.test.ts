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

  it("falls by half a cosine from the end of warm-up to 0 at the last step", () => {
    // (1 + cos(pi / 4)) / 2, and the same at 1/2 and 3/4 of the way.
    const close = [0.8535533906, 0.5, 0.1464466094, 0].map((value) => expect.closeTo(value, 9));
    expect(factors({ kind: "cosine", warmupSteps: 4 }, 12, [6, 8, 10, 12])).toEqual(close);
    expect(factors({ kind: "cosine" }, 4, [1, 2, 3, 4])).toEqual(close);
  });

  it("stays 0 after the last step and finite when warm-up fills the run", () => {
    expect(factors({ kind: "cosine" }, 4, [9])).toEqual([0]);
    expect(factors({ kind: "cosine", warmupSteps: 5 }, 5, [4, 5])).toEqual([0.8, 1]);
    expect(factors({ kind: "cosine", warmupSteps: 5 }, 3, [6])).toEqual([0]);
  });
});

describe("a function of one's own", () => {
  it("gives the factor", () => {
    expect(factors((step, steps) => step / steps, 4, [1, 4])).toEqual([0.25, 1]);
    expect(factors(() => 0, 4, [1])).toEqual([0]);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, undefined])("may not give %s", (value) => {
    const message = `train: learningRate(2, 4) is ${value}; expected a factor on the peak rate, a number from 0.`;
    expect(() => learningRateFactor(() => value as number, 2, 4)).toThrow(message);
  });
});

describe("checkLearningRate", () => {
  it.each<LearningRateSchedule>([
    { kind: "constant" },
    { kind: "cosine" },
    { kind: "constant", warmupSteps: 0 },
    { kind: "cosine", warmupSteps: 7 },
    () => 1,
  ])("accepts %o", (schedule) => {
    expect(() => checkLearningRate(schedule)).not.toThrow();
  });

  it.each<[unknown, string]>([
    [{ kind: "linear" }, 'kind is "linear"; expected "constant" or "cosine"'],
    [{}, "kind is missing"],
    [{ kind: "cosine", warmupSteps: -1 }, "warmupSteps is -1"],
    [{ kind: "cosine", warmup: 3 }, "there is no option warmup. The known ones are kind, warmupSteps."],
  ])("refuses %j", (schedule, message) => {
    expect(() => checkLearningRate(schedule as LearningRateSchedule)).toThrow(message);
  });
});
