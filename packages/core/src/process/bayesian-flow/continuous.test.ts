import { describe, expect, it } from "vitest";
import { mul, sum } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import { createRandom } from "../../engine/random/index.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { checkLaw } from "../../testing/law.js";
import { atLevel } from "../tables.js";
import { bayesianFlow } from "./continuous.js";

const process = bayesianFlow({ levels: 4, finalStd: 0.1, range: 2 });
// gamma at level k: 1 - 0.1^(2 (1 - k / 4)), and 1 at level 0.
const known = [1, 1 - 10 ** -1.5, 0.9, 1 - 10 ** -0.5, 0];
const inputs = {
  clean: tensor([0.5, -1, 1.5, 0.25, 1], [1, 5, 1]),
  noise: tensor([7, 0.3, -0.8, 1.1, 2], [1, 5, 1]),
  levels: tensor(Int32Array.of(0, 1, 2, 3, 4), [1, 5]),
};
const run = (outputs: Parameters<typeof trace<keyof typeof inputs>>[1]) =>
  Object.fromEntries(
    Object.entries(evaluateGraph(trace(inputs, outputs), inputs)).map(([name, { data }]) => [name, Array.from(data)]),
  );
const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5));

describe("bayesianFlow", () => {
  it("believes gamma of the data, with the variance gamma (1 - gamma) (Graves et al. 2023, equation 77)", () => {
    const { mean } = run(({ clean, levels, noise }) => ({ mean: process.corrupt(clean, levels, noise) }));
    const expected = known.map(
      (gamma, k) => gamma * inputs.clean.data[k]! + Math.sqrt(gamma * (1 - gamma)) * inputs.noise.data[k]!,
    );
    expect(mean).toEqual(close(expected));
    expect([mean![0], mean![4]]).toEqual([0.5, 0]);
  });

  it("estimates x = mean / gamma - sqrt((1 - gamma) / gamma) eps, nothing where nothing is known", () => {
    const { clean, noiseOf } = run(({ clean, levels, noise }) => {
      const mean = process.corrupt(clean, levels, noise);
      return {
        clean: process.estimate(noise, mean, levels).clean,
        noiseOf: process.noiseOf(mean, levels, clean),
      };
    });
    expect(clean).toEqual(close([0.5, -1, 1.5, 0.25, 0]));
    expect(noiseOf!.slice(1, 4)).toEqual(close([0.3, -0.8, 1.1]));
  });

  it("costs -log(sigma_1) sigma_1^(-2 t) times the squared error (equation 41)", () => {
    const { loss } = run(({ clean, levels, noise }) => {
      const noisy = process.corrupt(clean, levels, noise);
      return { loss: process.loss(noise, { clean, noisy, levels, noise }) };
    });
    // An exact output costs nothing; at level 4 the estimate is 0: an error of 1 costs log 10.
    expect(loss).toEqual(close([0, 0, 0, 0, Math.log(10)]));
  });

  it("keeps estimates in the data's range", () => {
    const { limited } = run(({ noise, levels }) => ({ limited: process.limit(noise, levels) }));
    expect(limited).toEqual(close([2, 0.3, -0.8, 1.1, 2]));
  });

  it("costs the information that the mean holds of the data, given the Bayes predictor", ({ task }) => {
    // Data N(0, .5^2): the predictor's noise is that of the posterior mean, (s^2 rho mean) / (s^2 (rho - 1) + 1).
    const flow = bayesianFlow({ levels: 500, finalStd: Math.sqrt(0.001), range: 100 });
    const [count, random] = [100_000, createRandom(6)];
    const draw = (std: number) =>
      tensor(
        Float32Array.from({ length: count }, () => std * random.normal()),
        [1, count, 1],
      );
    const levels = tensor(
      Int32Array.from({ length: count }, (_, i) => 1 + (i % 500)),
      [1, count],
    );
    const given = { clean: draw(0.5), noise: draw(1), levels };
    const accuracies = Float64Array.from({ length: 501 }, (_, k) => 0.001 ** -(1 - k / 500));
    const costOf = (variance: number): number => {
      const { loss } = evaluateGraph(
        trace(given, ({ clean, noise, levels }) => {
          const mean = flow.corrupt(clean, levels, noise);
          const gain = atLevel(
            accuracies.map((rho) => (variance * rho) / (variance * (rho - 1) + 1)),
            levels,
            3,
          );
          const output = flow.noiseOf(mean, levels, mul(gain, mean));
          return { loss: sum(flow.loss(output, { clean, noisy: mean, levels, noise })) };
        }),
        given,
      );
      return loss!.data[0]! / count;
    };
    checkLaw(task, {
      law: "A continuous Bayesian flow's loss is the information about the data, given the Bayes predictor: N(0, .5^2), 1/2 log(1 + .25 * 999) = 2.7622",
      statistic: "nats, 100,000 draws (standard error .012)",
      found: costOf(0.25),
      within: [2.7622 - 0.04, 2.7622 + 0.04],
      broken: { "a predictor of twice the deviation": costOf(1), "of half of it": costOf(0.0625) },
    });
  });

  it("has no path, and starts from nothing known", () => {
    expect([process.path, process.priorScale, process.terminal]).toEqual([undefined, 0, { signal: 0, noise: 0 }]);
  });
});
