import { describe, expect, it } from "vitest";
import { mul } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { elementsOf, levelsOf, numbersOf } from "../../testing/elements-of.js";
import { bayesianFlow, bayesianFlowFromConfig } from "./continuous.js";

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
  it("weighs its loss itself", () => {
    expect(process.lossWeighting).toEqual({ kind: "uniform" });
  });

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
    const wide = elementsOf({ x: numbersOf(-5, 5), levels: levelsOf(1, 1) }, ({ x, levels }) =>
      process.limit(x, levels),
    );
    expect(wide).toEqual([-2, 2]);
  });

  it("has no path, and starts from nothing known", () => {
    expect([process.path, process.priorScale, process.terminal]).toEqual([undefined, 0, { signal: 0, noise: 0 }]);
  });

  // gamma .9 at level 1, half way: .1 is left. Nothing is known at level 2.
  const twoLevels = () => bayesianFlow({ levels: 2, finalStd: 0.1 });

  it("tells how much is known: SNR gamma / (1 - gamma), a loss that charges -log(sigma_1) (1 + SNR), its guidance", () => {
    const { signalToNoise, sensitivity, guidanceGain } = twoLevels();
    expect([...signalToNoise]).toEqual([Number.POSITIVE_INFINITY, expect.closeTo(9, 9), 0]);
    expect(sensitivity).toEqual([Math.log(10), 0, Math.log(10)].map((x) => expect.closeTo(x, 9)));
    // 4 gamma (1 - gamma)
    expect([...guidanceGain]).toEqual([0, expect.closeTo(0.36, 9), 0]);
  });

  it("finds in a mean the noise (mean - gamma x) / sqrt(gamma (1 - gamma)), and shows the network the mean", () => {
    const given = { mean: numbersOf(1.5, 0.75, 3), clean: numbersOf(1, 0.5, 2), levels: levelsOf(0, 1, 2) };
    const noise = elementsOf(given, ({ mean, clean, levels }) => twoLevels().noiseOf(mean, levels, clean));
    expect(noise).toEqual(close([0.5, (0.75 - 0.45) / 0.3, 0]));
    expect(elementsOf(given, ({ mean, levels }) => twoLevels().modelInput(mean, levels))).toEqual([1.5, 0.75, 3]);
    const estimated = elementsOf(given, ({ mean, clean, levels }) => twoLevels().estimate(clean, mean, levels).noise);
    expect(estimated).toEqual([1, 0.5, 2]);
  });

  it("charges cost / (1 - gamma) for a squared error, nothing at level 0", () => {
    const given = { noisy: numbersOf(0.9, 0.9, 0.9), clean: numbersOf(0.4, 0.4, 0.4), levels: levelsOf(0, 1, 2) };
    const loss = elementsOf(given, ({ noisy, clean, levels }) =>
      // No noise is predicted: the estimate is mean / gamma, 0 where nothing is known.
      twoLevels().loss(mul(noisy, 0), { clean, noisy, levels, noise: noisy }),
    );
    expect(loss).toEqual(close([0, Math.log(10) * 10 * 0.36, Math.log(10) * 0.16]));
  });

  it("moves the mean by an observation of the accuracy between two levels (equation 50)", () => {
    // What is left is sqrt(.1) at level 3 of 4 and .1 at level 2: a step to .1 keeps .1 / sqrt(.1) of the mean.
    const flow = bayesianFlow({ levels: 4, finalStd: 0.1 });
    const given = {
      mean: numbersOf(2, 2, 2),
      clean: numbersOf(0.5, 0.5, 0.5),
      from: levelsOf(3, 4, 2),
      to: levelsOf(2, 2, 0),
      noise: numbersOf(2, 2, 2),
    };
    const kept = 0.1 ** 0.5;
    const moved = elementsOf(given, ({ mean, clean, from, to, noise }) =>
      flow.transition(mean, { clean, noise }, from, to, noise),
    );
    expect(moved).toEqual(
      close([
        kept * 2 + (1 - kept) * 0.5 + Math.sqrt((1 - kept) * 0.1) * 2,
        0.1 * 2 + 0.9 * 0.5 + Math.sqrt(0.9 * 0.1) * 2,
        0.5,
      ]),
    );
    const variances = (part: "variance" | "forwardVariance") =>
      elementsOf(given, ({ mean, clean, from, to }) => flow.posterior!(clean, mean, from, to)[part]);
    expect(variances("variance")).toEqual(close([(1 - kept) * 0.1, 0.09, 0]));
    expect(variances("forwardVariance")).toEqual(variances("variance"));
  });

  it("comes back from its configuration", () => {
    expect(bayesianFlowFromConfig(twoLevels().config).config).toEqual(twoLevels().config);
  });
});
