import { describe, expect, it } from "vitest";
import { tensor } from "../../engine/tensor/tensor.js";
import { diffusionForcing } from "../../forcing.js";
import { transformer } from "../../models/index.js";
import { elementsOf, levelsOf, numbersOf } from "../../testing/elements-of.js";
import { processFromConfig } from "../process-from-config.js";
import { discretizedBayesianFlow, discretizedBayesianFlowFromConfig } from "./discretized.js";

const bins = 16;
const flow = discretizedBayesianFlow({ bins, levels: 500, finalStd: 0.02 });
describe("discretizedBayesianFlow", () => {
  describe("with four bins and two levels", () => {
    // Accuracies 100, 10 and 1; gamma .9 and a share of noise sqrt(.1 / .9) = 1 / 3 at level 1, 0 and 1 at level 2.
    const four = (final?: "mode") =>
      discretizedBayesianFlow({ bins: 4, levels: 2, finalStd: 0.1, ...(final && { final }) });
    const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));
    const pairOf = (...values: number[]) => tensor(values, [1, 1, values.length]);

    it("reads noise and the logarithm of a deviation: x = mean / gamma - share eps, spread = share e^s", () => {
      const at = (level: number, part: "clean" | "noise" | "spread") => {
        const given = {
          mean: pairOf(0.45, 0.9),
          output: pairOf(0.6, -0.3, Math.log(3), 0),
          levels: levelsOf(level),
        };
        return elementsOf(given, ({ mean, output, levels }) => four().estimate(output, mean, levels)[part]!);
      };
      expect(at(1, "clean")).toEqual(close([0.3, 1.1]));
      expect(at(1, "spread")).toEqual(close([1, 1 / 3]));
      // (mean - .9 x) / .3
      expect(at(1, "noise")).toEqual(close([0.6, -0.3]));
      expect(at(2, "clean")).toEqual(close([-0.6, 0.3]));
      expect(at(2, "spread")).toEqual(close([3, 1]));
    });

    it("charges -log(sigma_1) accuracy (x - E)^2, E the mean of the bins that the law cuts out", () => {
      // N(.5, .5^2): bins -.75, -.25, .25, .75 of .02275, .13591, .34134, .5.
      const expected = -0.75 * 0.0227501 - 0.25 * 0.1359051 + 0.25 * 0.3413447 + 0.75 * 0.5;
      const lossAt = (level: number, output: number[]) => {
        const given = {
          noisy: numbersOf(0.45),
          clean: numbersOf(-0.25),
          output: pairOf(...output),
          levels: levelsOf(level),
        };
        return elementsOf(given, ({ noisy, clean, output, levels }) =>
          four().loss(output, { clean, noisy, levels, noise: noisy }),
        )[0];
      };
      expect(lossAt(1, [0, Math.log(1.5)])).toBeCloseTo(Math.log(10) * 10 * (expected + 0.25) ** 2, 4);
      expect(lossAt(2, [-0.5, Math.log(0.5)])).toBeCloseTo(Math.log(10) * (expected + 0.25) ** 2, 4);
      expect(lossAt(0, [0, 0])).toBe(0);
    });

    it("observes the centre of a bin that it draws, and ends with one", () => {
      const step = (clean: number, choice: number, to: number, final?: "mode") => {
        const given = {
          mean: numbersOf(0.1),
          clean: numbersOf(clean),
          spread: numbersOf(0.5),
          noise: numbersOf(0.2),
          choice: numbersOf(choice),
          from: levelsOf(2),
          to: levelsOf(to),
        };
        return elementsOf(given, ({ mean, clean, spread, noise, choice, from, to }) =>
          four(final).transition(mean, { clean, noise, spread }, from, to, noise, { choices: [choice] }),
        )[0];
      };
      // .3 + .5 x .5 = .55 lies in the last bin: (1 x .1 + 9 x .75 + sqrt(9) x .2) / 10.
      expect(step(0.3, 0.5, 1)).toBeCloseTo(0.745, 5);
      expect(step(0.3, 0.5, 0)).toBeCloseTo(0.75, 5);
      // The likeliest bin of N(.3, .5^2) is 0 .. .5, with .38 against the last one's .34.
      expect(step(0.3, 0.5, 0, "mode")).toBeCloseTo(0.25, 5);
      expect([step(5, 0, 0), step(-5, 0, 0), step(-0.2, 0, 0)]).toEqual(close([0.75, -0.75, -0.25]));
    });

    it("takes the estimate itself where no spread is told, and the noise where no choice is drawn", () => {
      const given = {
        mean: numbersOf(0),
        clean: numbersOf(0.3),
        noise: numbersOf(0.5),
        from: levelsOf(2),
        to: levelsOf(0),
      };
      const step = (spread: number | undefined) =>
        elementsOf({ ...given, wide: numbersOf(spread ?? 0) }, ({ mean, clean, noise, from, to, wide }) =>
          four().transition(mean, { clean, noise, ...(spread !== undefined && { spread: wide }) }, from, to, noise),
        )[0];
      expect(step(undefined)).toBeCloseTo(0.25, 5);
      expect(step(0.5)).toBeCloseTo(0.75, 5);
    });

    it("tells the squared error of the expected bin, and the surprise of the true one, token by token", () => {
      const given = {
        clean: tensor([0.3, 0.3, 0.3, 5], [1, 2, 2]),
        truth: tensor([-0.25, 0.25, 0.75, 0.75], [1, 2, 2]),
        spread: tensor([0.5, 0.5, 0.5, 0], [1, 2, 2]),
      };
      const of = (part: "error" | "nats") =>
        elementsOf(
          given,
          ({ clean, truth, spread }) => four().information!.terms({ clean, noise: clean, spread }, truth)[part],
        );
      // N(.3, .5^2): the bins hold .0547993, .2194538, .3811686 and .3445783; their mean is .2577629.
      const [second, third, last] = [0.2194538, 0.3811686, 0.3445783];
      expect(of("nats")).toEqual(close([-Math.log(second) - Math.log(third), -Math.log(last)]));
      expect(of("error")).toEqual(close([(-0.25 - 0.2577629) ** 2 + (0.25 - 0.2577629) ** 2, (0.75 - 0.2577629) ** 2]));
      expect([...four().information!.accuracy]).toEqual(close([100, 10, 1]));
    });

    it("outputs twice the first axis of a token", () => {
      expect([four().outputShape!([1]), four().outputShape!([3, 5])]).toEqual([[2], [6, 5]]);
      expect(discretizedBayesianFlowFromConfig(four("mode").config).config).toEqual(four("mode").config);
    });
  });

  it("reads twice as many numbers as a token has, and says so", () => {
    const model = transformer({ features: 2, width: 8, layers: 1, heads: 1 });
    expect(() => diffusionForcing({ model, process: flow })).toThrow(/outputs \[4\] of tokens \[2\].*outputs: 4/);
    const wide = transformer({ features: 2, outputs: 4, width: 8, layers: 1, heads: 1 });
    expect(diffusionForcing({ model: wide, process: flow }).model.config.outputs).toBe(4);
    expect(processFromConfig(flow.config).config).toEqual(flow.config);
    expect(flow.posterior).toBeUndefined();
    expect(() => discretizedBayesianFlow({ bins: 1 })).toThrow(/bins/);
  });
});
