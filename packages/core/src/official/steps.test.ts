import { describe, expect, it } from "vitest";
import { mul, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { officialDdimStep, officialDdpmStep } from "./steps.js";

/** Answers half of what it sees. */
const halving: Model = {
  config: { kind: "halving" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: {},
  apply: (_parameters, { tokens }) => mul(tokens, 0.5),
};

describe("officialDdimStep", () => {
  const process = variancePreserving(cosineSchedule(2), { objective: "x0", limit: { kind: "none" } });
  const diffusion = { model: halving, process, lossWeighting: { kind: "uniform" } } as const;

  function next(x: number, from: number, to: number, guided: boolean): number {
    const inputs = {
      x: tensor([x], [1, 1, 1]),
      from: tensor(Int32Array.of(from), [1, 1]),
      to: tensor(Int32Array.of(to), [1, 1]),
    };
    // The reward 0.6 x0 = 0.3 x has the gradient 0.3.
    const guidance = {
      reward: (clean: Parameters<typeof mul>[0]) => sum(mul(clean, 0.6), [1, 2]),
      samples: 1,
    } as const;
    const options = { eta: 0, stabilizationLevel: 0, ...(guided ? { guidance: guidance as never } : {}) };
    const graph = trace(inputs, (values) => ({ next: officialDdimStep(diffusion, {}, options, values).next }));
    return evaluateGraph(graph, inputs).next!.data[0]!;
  }

  it("subtracts the gradient, scaled by the noise of the next level, from the predicted noise", () => {
    // alphaBar is a = 0.00049384359 at level 2 and b = 0.49384359 at level 1. Unguided eps is 1.9782659.
    expect(next(2, 2, 1, false)).toBeCloseTo(2.1101708, 5);
    // sqrt(1 - b) 0.3 = 0.213434: eps = 1.7648319, from which x0 = 10.601999.
    expect(next(2, 2, 1, true)).toBeCloseTo(8.706033, 4);
  });

  it("does not guide a token's last step", () => {
    expect(next(2, 1, 0, true)).toBeCloseTo(next(2, 1, 0, false), 5);
    expect(next(2, 1, 0, false)).toBe(1);
  });
});

describe("officialDdpmStep", () => {
  const process = variancePreserving(cosineSchedule(50), { objective: "x0", limit: { kind: "none" } });

  function step(stabilizationLevel: number): Record<string, number[]> {
    const inputs = {
      x: tensor([3, 2, -4], [1, 3, 1]),
      from: tensor(Int32Array.of(0, 1, 2), [1, 3]),
      to: tensor(Int32Array.of(0, 0, 1), [1, 3]),
      noise: tensor([5, 5, 2], [1, 3, 1]),
      stabilizationNoise: tensor([1, 100, 100], [1, 3, 1]),
    };
    const graph = trace(inputs, ({ x, from, to, noise, stabilizationNoise }) => {
      const predict = (tokens: typeof x) => ({ clean: mul(tokens, 0.5), noise: tokens });
      const { next, tokens } = officialDdpmStep(process, stabilizationLevel, predict, {
        x,
        from,
        to,
        noises: [stabilizationNoise, noise],
      });
      return { next, tokens };
    });
    const { next, tokens } = evaluateGraph(graph, inputs);
    return { next: [...next!.data], tokens: [...tokens!.data] };
  }

  it("keeps clean tokens, ends level 1 without noise, and samples the posterior above", () => {
    const { next } = step(1);
    // Level 2 of 50: x0 = -2, mean factors 0.6787689 and 0.3212303, variance 0.0011871957, noise 2.
    const third = 0.6787689312 * -2 + 0.3212302608 * -4 + Math.sqrt(0.0011871956675) * 2;
    expect(next).toEqual([3, expect.closeTo(1, 6), expect.closeTo(third, 5)]);
  });

  it("shows clean tokens to the network noised to the stabilisation level, and still keeps them", () => {
    const { next, tokens } = step(1);
    // alphaBar of level 1 is 0.9982524865.
    const seen = Math.sqrt(0.9982524865) * 3 + Math.sqrt(1 - 0.9982524865);
    expect(tokens).toEqual([expect.closeTo(seen, 5), 2, -4]);
    expect(next?.[0]).toBe(3);
  });
});
