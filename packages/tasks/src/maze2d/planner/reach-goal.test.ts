import { type HostTensor, tensor } from "@diffusion-forcing/core";
import { evaluateGraph, gradient, sum, trace } from "@diffusion-forcing/core/graph";
import { describe, expect, it } from "vitest";
import { type ReachGoalOptions, reachGoal, reachGoalWeights } from "./reach-goal.js";

function evaluateGoal(options: ReachGoalOptions, inputs: { x0: HostTensor; start: HostTensor; goal: HostTensor }) {
  const graph = trace(inputs, ({ x0, start, goal }) => {
    const value = reachGoal(options).reward(x0, { start, goal });
    return { value, slope: gradient(sum(value), [x0])[0]! };
  });
  const { value, slope } = evaluateGraph(graph, inputs);
  return { value: [...value!.data], slope: [...slope!.data] };
}

describe("reachGoalWeights", () => {
  const rows = (options: Parameters<typeof reachGoalWeights>[2]) => {
    const { shape, data } = reachGoalWeights(4, 3, options);
    expect(shape).toEqual([4, 3]);
    return [0, 1, 2, 3].map((frame) => [...data.slice(3 * frame, 3 * frame + 3)]);
  };

  it("intended: the first pair 20 at the start, 1 in the plan, 0 in the padding; the rest 2 and 8", () => {
    expect(rows({ frameStack: 1, horizon: 2 })).toEqual([
      [20, 2, 2],
      [1, 8, 8],
      [1, 8, 8],
      [0, 8, 8],
    ]);
  });

  it("counts the start token's frames, and has no padding without a horizon", () => {
    expect(rows({ frameStack: 2 })).toEqual([
      [20, 2, 2],
      [20, 2, 2],
      [1, 8, 8],
      [1, 8, 8],
    ]);
  });

  it("aliased: 2 at the start, 8 elsewhere", () => {
    expect(rows({ frameStack: 1, horizon: 2, weights: "aliased" })).toEqual([
      [2, 2, 2],
      [8, 8, 8],
      [8, 8, 8],
      [8, 8, 8],
    ]);
  });
});

describe("reachGoal", () => {
  // Two observations and one action. The start frame is 5 from the start, the plan frame 5 from the goal;
  // tanh(5 / 2) = 0.98661430; the actions are 2 and 0.5 from 0.
  const options: ReachGoalOptions = { guidanceScale: 0.05, frameStack: 1, observationFeatures: 2, actionFeatures: 1 };
  const inputs = {
    x0: tensor([3, 4, 2, 1, 1, -0.5], [1, 2, 3]),
    start: tensor([0, 0, 0], [1, 3]),
    goal: tensor([4, 5, 0], [1, 3]),
  };

  it("is -1000 times the mean of the weighted distances", () => {
    // (20 0.9866143 + 2 2 + 1 0.9866143 + 8 0.5) / 4 = 7.1797251.
    expect(evaluateGoal(options, inputs).value).toEqual([expect.closeTo(-7179.7251, 2)]);
    // (2 0.9866143 + 2 2 + 8 0.9866143 + 8 0.5) / 4 = 4.4665358.
    expect(evaluateGoal({ ...options, weights: "aliased" }, inputs).value).toEqual([expect.closeTo(-4466.5358, 2)]);
  });

  it("weighs no distance to the goal beyond the horizon, but actions everywhere", () => {
    const longer = { ...inputs, x0: tensor([3, 4, 2, 1, 1, -0.5, 9, 9, 0.25], [1, 3, 3]) };
    // (20 0.9866143 + 4 + 0.9866143 + 4 + 0 + 8 0.25) / 6 = 5.1198167.
    expect(evaluateGoal({ ...options, horizon: 1 }, longer).value).toEqual([expect.closeTo(-5119.8167, 2)]);
  });

  it("without actions counts a channel of zeros in the mean, as the official code", () => {
    const { x0, start, goal } = {
      x0: tensor([3, 4, 1, 1], [1, 2, 2]),
      start: tensor([0, 0], [1, 2]),
      goal: tensor([4, 5], [1, 2]),
    };
    // (20 + 1) 0.9866143 / 4 = 5.1797251.
    const value = evaluateGoal(
      { guidanceScale: 0.05, frameStack: 1, observationFeatures: 2 },
      { x0, start, goal },
    ).value;
    expect(value).toEqual([expect.closeTo(-5179.7251, 2)]);
  });

  it("unstacks frames and takes each pair of observations for a point", () => {
    const stacked: ReachGoalOptions = { guidanceScale: 0.001, frameStack: 2, observationFeatures: 4 };
    // Four frames: the first two against the start, the others against the goal, all at the distances (5, 0).
    const frame = [3, 4, 1, 2];
    const zero = { start: tensor([0, 0, 1, 2], [1, 4]), goal: tensor([0, 0, 1, 2], [1, 4]) };
    const { value } = evaluateGoal(stacked, {
      x0: tensor([...frame, ...frame, ...frame, ...frame], [1, 2, 8]),
      ...zero,
    });
    // Channels: two pairs and no actions; (20 + 20 + 1 + 1) 0.9866143 / 12 = 3.4531501 (the distance 0 counts as 1e-6).
    expect(value).toEqual([expect.closeTo(-3453.1501, 2)]);
  });

  it("is a value per sample that does not depend on the others", () => {
    const two = {
      x0: tensor([3, 4, 2, 1, 1, -0.5, 0, 0, 0, 4, 5, 1], [2, 2, 3]),
      start: tensor([0, 0, 0, 0, 0, 0], [2, 3]),
      goal: tensor([4, 5, 0, 4, 5, 0], [2, 3]),
    };
    const alone = evaluateGoal(options, inputs);
    const both = evaluateGoal(options, two);
    expect(both.value[0]).toBe(alone.value[0]);
    expect(both.slope.slice(0, 6)).toEqual(alone.slope);
    expect(both.value[1]).toBeCloseTo(-2000, 2); // 8 1 / 4 of the action alone
  });

  it("has the slope 0, not an infinite one, where the distance is 0", () => {
    const arrived = { ...inputs, x0: tensor([0, 0, 0, 4, 5, 0], [1, 2, 3]) };
    expect(evaluateGoal(options, arrived).slope.map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("declares its inputs and passes on how to differentiate", () => {
    const guidance = reachGoal({ ...options, samples: 2 });
    const frame = { dtype: "float32", shape: [7, 3] };
    expect(guidance.inputs!(7, 20)).toEqual({ start: frame, goal: frame });
    expect([guidance.samples, guidance.guidanceScale]).toEqual([2, 0.05]);
    expect(Object.keys(reachGoal(options)).sort()).toEqual(["guidanceScale", "inputs", "reward"]);
  });

  it.each([0, 1, 3, 2.5])("refuses %d observation features", (observationFeatures) => {
    expect(() => reachGoal({ ...options, observationFeatures })).toThrow(/expected an even number from 2/);
  });
});
