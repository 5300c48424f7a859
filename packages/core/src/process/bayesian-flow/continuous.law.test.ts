import { describe, it } from "vitest";
import { mul, sum } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import { createRandom } from "../../engine/random/index.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { checkLaw } from "../../testing/law.js";
import { atLevel } from "../tables.js";
import { bayesianFlow } from "./continuous.js";

describe("bayesianFlow", () => {
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
});
