import { describe, expect, it } from "vitest";
import { mul } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { readTensor, tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { posterior } from "../process/gaussian/conversions.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../process/loss.js";
import { checkLaw } from "../testing/law.js";
import { ddpmStep, skippingPosterior } from "./ddpm.js";

/** Always answers that the clean tokens are half of what it sees. */
const halving: Model = {
  config: { kind: "halving" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: {},
  apply: (_parameters, { tokens }) => mul(tokens, 0.5),
};

const process: DiffusionProcess = {
  model: halving,
  schedule: cosineSchedule(50),
  objective: "x0",
  lossWeighting: { kind: "uniform" },
  clipNoise: 6,
};

async function step(stabilizationLevel: number): Promise<Record<string, number[]>> {
  const inputs = {
    x: tensor([3, 2, -4], [1, 3, 1]),
    from: tensor(Int32Array.of(0, 1, 2), [1, 3]),
    to: tensor(Int32Array.of(0, 0, 1), [1, 3]),
    noise: tensor([5, 5, 2], [1, 3, 1]),
    stabilizationNoise: tensor([1, 100, 100], [1, 3, 1]),
  };
  const graph = trace(inputs, (values) => {
    const { next, tokens } = ddpmStep(process, {}, { stabilizationLevel }, values);
    return { next, tokens };
  });
  const outputs = await (await referenceBackend().compile(graph)).run(inputs);
  return {
    next: [...(await readTensor(outputs.next!)).data],
    tokens: [...(await readTensor(outputs.tokens!)).data],
  };
}

describe("ddpmStep", () => {
  it("keeps clean tokens, ends level 1 without noise, and samples the posterior above", async () => {
    const { next, tokens } = await step(0);
    expect(tokens).toEqual([3, 2, -4]);
    // Level 2 of 50: x0 = -2, mean factors 0.6787689 and 0.3212303, variance 0.0011871957, noise 2.
    const third = 0.6787689312 * -2 + 0.3212302608 * -4 + Math.sqrt(0.0011871956675) * 2;
    expect(next).toEqual([3, expect.closeTo(1, 6), expect.closeTo(third, 5)]);
  });

  it("shows clean tokens to the network noised to the stabilisation level, and still keeps them", async () => {
    const { next, tokens } = await step(1);
    // alphaBar of level 1 is 0.9982524865.
    const seen = Math.sqrt(0.9982524865) * 3 + Math.sqrt(1 - 0.9982524865);
    expect(tokens).toEqual([expect.closeTo(seen, 5), 2, -4]);
    expect(next?.[0]).toBe(3);
  });
});

describe("skippingPosterior", () => {
  const { tables } = process.schedule;
  const all = Array.from({ length: 50 }, (_, i) => i + 1);
  const moments = (from: number[], to: number[]) => {
    const count = from.length;
    const inputs = {
      x: tensor(
        Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
        [1, count, 1],
      ),
      x0: tensor(
        Float32Array.from({ length: count }, (_, i) => Math.cos(i)),
        [1, count, 1],
      ),
      from: tensor(Int32Array.from(from), [1, count]),
      to: tensor(Int32Array.from(to), [1, count]),
    };
    const graph = trace(inputs, ({ x, x0, from, to }) => {
      const oneLevel = posterior(process.schedule, x0, x, from);
      return {
        ...skippingPosterior(process.schedule, x0, x, from, to),
        oneMean: oneLevel.mean,
        one: oneLevel.variance,
      };
    });
    const outputs = evaluateGraph(graph, inputs);
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data)]));
  };

  it("is the one-level posterior where a step is one level", () => {
    const { mean, variance, oneMean, one } = moments(
      all,
      all.map((level) => level - 1),
    );
    expect(mean).toEqual(oneMean!.map((value) => expect.closeTo(value, 5)));
    expect(variance).toEqual(one!.map((value) => expect.closeTo(value, 6)));
  });

  it("spreads x^s as the forward process does, for any pair of levels", ({ task }) => {
    // For x^t = a_t x0 + sqrt(1 - a_t^2) e, the posterior's x^s must have mean a_s x0 and variance 1 - a_s^2 again.
    const pairs = [
      [2, 1],
      [10, 3],
      [30, 29],
      [50, 1],
      [50, 25],
      [7, 0],
      [50, 0],
    ] as const;
    /** How far the spread of x^s lies from the forward process's, if the posterior is taken for that of `to`. */
    const distance = (t: number, s: number, to = s): number => {
      const [at, as] = [tables.sqrtAlphasCumprod[t]!, tables.sqrtAlphasCumprod[s]!];
      const step = moments([t, t], [to, to]);
      // Two equations from two tokens give the factors of x0 and x.
      const [x, x0] = [
        [0, Math.sin(1)],
        [1, Math.cos(1)],
      ] as const;
      const factorX0 = step.mean![0]! / x0[0];
      const factorX = (step.mean![1]! - factorX0 * x0[1]) / x[1];
      return Math.max(
        Math.abs(factorX0 + factorX * at - as),
        Math.abs(step.variance![0]! + factorX ** 2 * (1 - at ** 2) - (1 - as ** 2)),
        Math.abs(step.forwardVariance![0]! - (1 - (at / as) ** 2)),
      );
    };
    checkLaw(task, {
      law: "q(x^s | x^t, x0) over any pair of levels keeps the forward process's marginals",
      statistic: "largest distance of mean factor and variance, 7 pairs",
      found: Math.max(...pairs.map(([t, s]) => distance(t, s))),
      within: [0, 5e-5],
      broken: { "the posterior of one level at a time": distance(50, 25, 49) },
    });
  });
});

describe("the variance of a DDPM step", () => {
  it("lies between the posterior's and the forward process's, in the logarithm", async () => {
    const logVariance = (variance: number) => {
      const inputs = {
        x: tensor([1], [1, 1, 1]),
        from: tensor(Int32Array.of(30), [1, 1]),
        to: tensor(Int32Array.of(20), [1, 1]),
        noise: tensor([1], [1, 1, 1]),
      };
      const graph = trace(inputs, (values) => {
        const { logVariance } = ddpmStep(process, {}, { stabilizationLevel: 0, variance }, values);
        return { logVariance };
      });
      return evaluateGraph(graph, inputs).logVariance!.data[0]!;
    };
    const { alphasCumprod: alpha } = process.schedule.tables;
    const forward = 1 - alpha[30]! / alpha[20]!;
    const smaller = (forward * (1 - alpha[20]!)) / (1 - alpha[30]!);
    expect(logVariance(0)).toBeCloseTo(Math.log(smaller), 4);
    expect(logVariance(1)).toBeCloseTo(Math.log(forward), 4);
    expect(logVariance(0.25)).toBeCloseTo(0.75 * Math.log(smaller) + 0.25 * Math.log(forward), 4);
  });
});
