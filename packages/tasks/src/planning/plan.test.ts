import { describe, expect, it } from "vitest";
import { doubtOf, isBetterPlan, judgePlan, type Plan, planOfFrames, scoreOf } from "./plan.js";

describe("planOfFrames", () => {
  it("takes the positions out of wider frames, measures the largest jump and how far the end is from the goal", () => {
    const frames = Float32Array.of(1, 2, 50, 60, 4, 6, 70, 80, 4, 6, -50, 0);
    const plan = planOfFrames(frames, 4, 3, [7, 10]);
    expect([...plan.positions]).toEqual([1, 2, 4, 6, 4, 6]);
    expect(plan.roughness).toBe(5);
    expect(plan.miss).toBe(5);
    expect(plan.tokens).toBe(3);
    expect(plan.frames).toBe(frames);
  });

  it("compares the means of three positions with the three before: a single one that is off is no jump", () => {
    const off = Float32Array.of(0, 0, 0, 0.75, 0, 0, 0);
    const jump = Float32Array.of(0, 0, 0, 0.75, 0.75, 0.75, 0.75);
    expect(planOfFrames(off, 1, 3, [0]).roughness).toBe(0.25);
    expect(planOfFrames(jump, 1, 3, [0.75]).roughness).toBe(0.75);
    // A steady way goes three steps from mean to mean.
    const steady = Float32Array.from({ length: 9 }, (_, i) => i / 8);
    expect(planOfFrames(steady, 1, 3, [1]).roughness).toBeCloseTo(3 / 8, 12);
  });

  it("is not rough if it rests", () => {
    expect(planOfFrames(Float32Array.of(1, 2, 1, 2), 2, 3, [1, 2]).roughness).toBe(0);
    expect(planOfFrames(Float32Array.of(1, 2), 2, 3, [1, 2])).toMatchObject({ roughness: 0, miss: 0 });
  });

  it("is infinitely rough and far away where it diverged", () => {
    const plan = planOfFrames(Float32Array.of(1, 2, Number.NaN, 2, 1, Number.NaN), 2, 3, [1, 2]);
    expect(plan).toMatchObject({ roughness: Number.POSITIVE_INFINITY, miss: Number.POSITIVE_INFINITY });
  });
});

describe("judgePlan", () => {
  const rule = { smoothness: 0.5, arrival: 0.25, accept: () => true, inconsistency: 1 };
  /** From (0, 0) by one step, then resting. */
  const plan = (roughness: number, goal: number): Plan =>
    planOfFrames(Float32Array.of(0, 0, roughness, 0), 2, 3, [goal, 0]);

  it("accepts what is smooth, ends at the goal and fulfils the condition", () => {
    expect(judgePlan(plan(0.25, 0.5), rule).plan.accepted).toBe(true);
    expect(judgePlan(plan(0.5, 0.5), rule).plan.accepted).toBe(false);
    // A smooth plan that stops short of the goal.
    expect(judgePlan(plan(0.25, 0.75), rule).plan.accepted).toBe(false);
    expect(judgePlan(plan(0.25, 0.5), { ...rule, accept: () => false }).plan.accepted).toBe(false);
  });

  it("prefers, among the rest, what the condition takes, then what arrives, then what is nearest to the rule or goal", () => {
    const wayOff = judgePlan(plan(0.25, 8), rule);
    const off = judgePlan(plan(0.25, 4), rule);
    const rough = judgePlan(plan(4, 4), rule);
    const lessRough = judgePlan(plan(2, 2), rule);
    const refused = judgePlan(plan(0.25, 0.25), { ...rule, accept: () => false });
    const rising = [refused, wayOff, off, rough, lessRough];
    for (const [i, worse] of rising.entries()) {
      expect(isBetterPlan(worse, undefined)).toBe(true);
      expect(isBetterPlan(worse, worse)).toBe(false);
      for (const better of rising.slice(i + 1)) {
        expect(isBetterPlan(better, worse)).toBe(true);
        expect(isBetterPlan(worse, better)).toBe(false);
      }
    }
  });
});

describe("doubtOf", () => {
  const rule = { smoothness: 0.5, arrival: 0.25, accept: () => true, inconsistency: 2 };
  const plan = (roughness: number, inconsistency: number, miss = 0): Plan =>
    planOfFrames(Float32Array.of(0, 0, roughness, 0), 2, 3, [roughness + miss, 0], { inconsistency });

  it("adds the logarithms of both shares of what the rule allows: neither alone decides", () => {
    expect(doubtOf(plan(0.5, 2), rule)).toBeCloseTo(0, 12);
    expect(doubtOf(plan(0.25, 2), rule)).toBeCloseTo(Math.log(0.5), 12);
    // The larger share of the first is the smaller one, 1.2 against 1.25, but it is worse by both together.
    expect(doubtOf(plan(0.6, 2.4), rule)).toBeGreaterThan(doubtOf(plan(0.25, 2.5), rule));
    expect(doubtOf(plan(Number.NaN, 2), rule)).toBe(Number.POSITIVE_INFINITY);
    expect(doubtOf(plan(0.5, 2), { ...rule, smoothness: Number.POSITIVE_INFINITY })).toBeLessThan(-10);
  });

  it("is what a search minds, after the condition and the arrival", () => {
    const surprising = { ...plan(0.25, 2), surprise: 1 };
    expect(scoreOf(surprising, rule)).toBeCloseTo(Math.log(2), 12);
    expect(scoreOf(plan(0.25, 2), { ...rule, accept: () => false })).toBeLessThan(scoreOf(plan(0.5, 100), rule));
    expect(scoreOf(plan(0.25, 2, 1), rule)).toBeLessThan(scoreOf(plan(0.5, 100), rule));
  });

  it("is less to a search than what the model would not have forecast, which counts twice", () => {
    const surprising = (surprise: number): Plan => ({ ...plan(0.5, 2), surprise });
    expect(scoreOf(surprising(0.5), rule) - scoreOf(surprising(2), rule)).toBeCloseTo(2 * Math.log(4), 12);
  });
});
