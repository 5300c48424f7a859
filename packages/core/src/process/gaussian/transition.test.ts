import { describe, expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { elementsOf, levelsOf, numbersOf } from "../../testing/elements-of.js";
import { checkLaw } from "../../testing/law.js";
import { bayesianFlow } from "../bayesian-flow/continuous.js";
import type { NoiseProcess } from "../process.js";
import { edm } from "./edm.js";
import { flowMatching } from "./flow-matching.js";
import { cosineSchedule } from "./schedule.js";
import { inverseNoise, stepDeviation } from "./transition.js";
import { variancePreserving } from "./variance-preserving.js";

/** Factors of the noisy and the clean token in the mean of a step, and its variances, for pairs of levels. */
function laws(process: NoiseProcess, from: number[], to: number[]) {
  const count = from.length;
  const ones = (value: number) => tensor(new Float32Array(count).fill(value), [1, count, 1]);
  const inputs = {
    one: ones(1),
    none: ones(0),
    from: tensor(Int32Array.from(from), [1, count]),
    to: tensor(Int32Array.from(to), [1, count]),
  };
  const graph = trace(inputs, ({ one, none, from, to }) => {
    const ofClean = process.posterior!(one, none, from, to);
    return {
      clean: ofClean.mean,
      noisy: process.posterior!(none, one, from, to).mean,
      variance: ofClean.variance,
      forwardVariance: ofClean.forwardVariance,
      signalFrom: process.corrupt(one, from, none),
      signalTo: process.corrupt(one, to, none),
      noiseFrom: process.corrupt(none, from, one),
      noiseTo: process.corrupt(none, to, one),
    };
  });
  const found = evaluateGraph(graph, inputs);
  return (name: keyof typeof found, i: number): number => found[name]!.data[i] as number;
}

const processes: [string, NoiseProcess][] = [
  ["variance preserving", variancePreserving(cosineSchedule(50))],
  ["flow matching", flowMatching({ levels: 50, shift: 2 })],
  ["edm", edm({ levels: 50 })],
  ["Bayesian flow", bayesianFlow({ levels: 50 })],
];

describe.each(processes)("the posterior of %s", (name, process) => {
  const pairs = [
    [2, 1],
    [10, 3],
    [30, 29],
    [50, 1],
    [50, 25],
    [7, 0],
    [50, 0],
  ] as const;
  const from = pairs.map(([t]) => t);
  const to = pairs.map(([, s]) => s);

  it("keeps the forward process's marginals, for any pair of levels", ({ task }) => {
    // With x^t = a_t x + n_t e, the posterior's x^s must have the mean a_s x and the variance n_s^2 again.
    const distance = (told: number[]): number => {
      const [truth, found] = [laws(process, from, to), laws(process, from, told)];
      const errors = pairs.map((_, i) => {
        const mean = found("clean", i) + found("noisy", i) * truth("signalFrom", i);
        const variance = found("variance", i) + (found("noisy", i) * truth("noiseFrom", i)) ** 2;
        return Math.max(Math.abs(mean - truth("signalTo", i)), Math.abs(variance - truth("noiseTo", i) ** 2));
      });
      return Math.max(...errors);
    };
    checkLaw(task, {
      law: `q(x^s | x^t, x) over any pair of levels keeps the marginals: ${name}`,
      statistic: "largest distance of mean factor and variance, 7 pairs",
      found: distance(to),
      within: [0, 5e-5],
      broken: { "the posterior of one level at a time": distance(from.map((t) => t - 1)) },
    });
  });

  it("composes: from t to s and from s to r is from t to r", () => {
    const [t, s, r] = [
      [50, 50, 40, 12],
      [49, 20, 10, 6],
      [1, 3, 9, 2],
    ] as const;
    const [upper, lower, whole] = [
      laws(process, [...t], [...s]),
      laws(process, [...s], [...r]),
      laws(process, [...t], [...r]),
    ];
    for (let i = 0; i < t.length; i++) {
      const noisy = lower("noisy", i) * upper("noisy", i);
      const clean = lower("clean", i) + lower("noisy", i) * upper("clean", i);
      const variance = lower("variance", i) + lower("noisy", i) ** 2 * upper("variance", i);
      expect([noisy, clean, variance]).toEqual(
        (["noisy", "clean", "variance"] as const).map((part) => expect.closeTo(whole(part, i), 5)),
      );
    }
  });

  it("is the token itself where the level stays", () => {
    const found = laws(process, [1, 20, 49], [1, 20, 49]);
    for (const i of [0, 1, 2]) {
      expect([found("noisy", i), found("clean", i), found("variance", i)]).toEqual([
        expect.closeTo(1, 6),
        expect.closeTo(0, 6),
        0,
      ]);
    }
  });
});

describe("the posterior of one level", () => {
  it("is DDPM's, equations 6 and 7, at level 2 of 50", () => {
    const found = laws(variancePreserving(cosineSchedule(50)), [2, 1], [1, 0]);
    expect(found("clean", 0)).toBeCloseTo(0.6787689312, 6);
    expect(found("noisy", 0)).toBeCloseTo(0.3212302608, 6);
    expect(found("variance", 0)).toBeCloseTo(0.0011871956675, 8);
    // From level 1 the clean token with certainty.
    expect([found("clean", 1), found("noisy", 1), found("variance", 1)]).toEqual([expect.closeTo(1, 6), 0, 0]);
  });
});

describe("stepDeviation", () => {
  it("lies between the posterior's and the forward process's, in the logarithm", () => {
    const process = variancePreserving(cosineSchedule(50));
    const inputs = {
      x: tensor([1], [1, 1, 1]),
      from: tensor(Int32Array.of(30), [1, 1]),
      to: tensor(Int32Array.of(20), [1, 1]),
    };
    const logVariance = (variance: number): number => {
      const graph = trace(inputs, ({ x, from, to }) => ({
        deviation: stepDeviation(process.posterior!(x, x, from, to), { variance }),
      }));
      return 2 * Math.log(evaluateGraph(graph, inputs).deviation!.data[0]!);
    };
    const alpha = process.path!.signal.map((value) => value ** 2);
    const forward = 1 - alpha[30]! / alpha[20]!;
    const smaller = (forward * (1 - alpha[20]!)) / (1 - alpha[30]!);
    expect(logVariance(0)).toBeCloseTo(Math.log(smaller), 4);
    expect(logVariance(1)).toBeCloseTo(Math.log(forward), 4);
    expect(logVariance(0.25)).toBeCloseTo(0.75 * Math.log(smaller) + 0.25 * Math.log(forward), 4);
  });

  it("is nothing at all where a step removes nothing", () => {
    const process = variancePreserving(cosineSchedule(50));
    const inputs = { x: numbersOf(1, 1), from: levelsOf(30, 1), to: levelsOf(30, 0) };
    const deviations = elementsOf(inputs, ({ x, from, to }) => stepDeviation(process.posterior!(x, x, from, to), {}));
    expect(deviations).toEqual([0, 0]);
  });
});

describe("inverseNoise", () => {
  it("is 1 / sigma, and 0 for a clean token", () => {
    const path = { signal: Float64Array.of(1, 0.8, 0.6), noise: Float64Array.of(0, 0.5, 4) };
    expect([...inverseNoise(path)]).toEqual([0, 2, 0.25]);
  });
});
