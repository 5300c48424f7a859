import { describe, expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
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

  it("has no path, and starts from nothing known", () => {
    expect([process.path, process.priorScale, process.terminal]).toEqual([undefined, 0, { signal: 0, noise: 0 }]);
  });
});
