import { describe, expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { elementsOf, levelsOf } from "../../testing/elements-of.js";
import { processFromConfig } from "../process-from-config.js";
import { discreteBayesianFlow } from "./discrete.js";

const signed = (symbols: ArrayLike<number>, categories: number) =>
  Float32Array.from({ length: symbols.length * categories }, (_, i) =>
    symbols[Math.floor(i / categories)] === i % categories ? 1 : -1,
  );

describe("discreteBayesianFlow", () => {
  const process = discreteBayesianFlow({ categories: 3, levels: 4, finalAccuracy: 2 });
  const inputs = {
    clean: tensor(signed([1, 1, 2], 3), [1, 3, 3]),
    noise: tensor([9, 9, 9, 1, 0, -1, 0, 0, 0], [1, 3, 3]),
    levels: tensor(Int32Array.of(0, 2, 4), [1, 3]),
  };
  const run = (outputs: Parameters<typeof trace<keyof typeof inputs>>[1]) =>
    Object.fromEntries(
      Object.entries(evaluateGraph(trace(inputs, outputs), inputs)).map(([name, { data }]) => [name, Array.from(data)]),
    );
  const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 5));

  it("believes beta (K e_x - 1), up to an equal shift, with the variance beta K (Graves et al. 2023, equation 185)", () => {
    const { noisy } = run(({ clean, levels, noise }) => ({ noisy: process.corrupt(clean, levels, noise) }));
    // At t = 1/2 beta is 2 / 4: mean .5 (3 e - 1) = (-.5, 1, -.5), deviation sqrt(1.5).
    const std = Math.sqrt(1.5);
    expect(noisy).toEqual(close([-1, 1, -1, std - 0.5, 1, -std - 0.5, 0, 0, 0]));
  });

  it("shows the network a belief, and reads logits", () => {
    const { shown, clean, loss } = run(({ clean, levels, noise }) => {
      const noisy = process.corrupt(clean, levels, noise);
      return {
        shown: process.modelInput(noisy, levels),
        clean: process.estimate(noise, noisy, levels).clean,
        loss: process.loss(noise, { clean, noisy, levels, noise }),
      };
    });
    expect([shown!.slice(0, 3), shown!.slice(6)]).toEqual([[0, 1, 0], close([1 / 3, 1 / 3, 1 / 3])]);
    const total = Math.exp(1) + 1 + Math.exp(-1);
    const estimate = [Math.exp(1) / total, 1 / total, Math.exp(-1) / total];
    expect(clean!.slice(3, 6)).toEqual(close(estimate.map((e) => 2 * e - 1)));
    // K beta(1) t = 3 at t = 1/2; nothing at t = 0.
    const errors = estimate.map((e, i) => 3 * (e - (i === 1 ? 1 : 0)) ** 2);
    expect(loss).toEqual(close([0, 0, 0, ...errors, 0, 0, 0]));
  });

  // Three symbols, beta(1) K = 6 over four levels: accuracies 6, 3.375, 1.5, .375, 0.
  const three = (final?: "mode") =>
    discreteBayesianFlow({ categories: 3, levels: 4, finalAccuracy: 2, ...(final && { final }) });
  /** One token of three numbers. */
  const triple = (...values: number[]) => tensor(values, [1, 1, 3]);

  it("tells how much is known: the accuracy a as SNR, 4 a / (1 + a)^2 as guidance, sqrt(K beta(1)) as sensitivity", () => {
    const { signalToNoise, guidanceGain, sensitivity, information, lossWeighting } = three();
    expect([...signalToNoise]).toEqual([Number.POSITIVE_INFINITY, 3.375, 1.5, 0.375, 0]);
    expect([...guidanceGain]).toEqual(close([24 / 49, 13.5 / 4.375 ** 2, 6 / 6.25, 1.5 / 1.375 ** 2, 0]));
    expect(sensitivity).toEqual([0, Math.sqrt(6), 0]);
    expect([...information!.accuracy]).toEqual([6, 3.375, 1.5, 0.375, 0]);
    expect(lossWeighting).toEqual({ kind: "uniform" });
    expect(discreteBayesianFlow({ categories: 5 }).config).toMatchObject({ finalAccuracy: 3, levels: 1000 });
  });

  it("finds in a belief the noise (z - a (e - 1 / K)) / sqrt(a), none at level 0 or where nothing is known", () => {
    const noiseAt = (level: number) => {
      const std = Math.sqrt(1.5);
      const given = { z: triple(std - 0.5, 1, -0.5 - 2 * std), clean: triple(-1, 1, -1), levels: levelsOf(level) };
      return elementsOf(given, ({ z, clean, levels }) => three().noiseOf(z, levels, clean));
    };
    expect(noiseAt(2)).toEqual(close([1, 0, -2]));
    expect(noiseAt(0)).toEqual(close([0, 0, 0]));
    expect(noiseAt(4)).toEqual(close([0, 0, 0]));
  });

  it("limits estimates to distributions", () => {
    // As shares: 1, -.2, .2.
    const given = { clean: triple(1, -1.4, -0.6), levels: levelsOf(2) };
    const limited = elementsOf(given, ({ clean, levels }) => three().limit(clean, levels));
    expect(limited).toEqual(close([2 / 1.2 - 1, -1, 0.4 / 1.2 - 1]));
    const two = { clean: tensor([1, -1, 0, 0, 0, 0], [1, 1, 6]), levels: levelsOf(2) };
    expect(elementsOf(two, ({ clean, levels }) => three().limit(clean, levels))).toEqual(
      close([1 / 3, -1, -1 / 3, -1 / 3, -1 / 3, -1 / 3]),
    );
  });

  it("observes a symbol that it draws, with the accuracy that lies between the levels, and ends with one", () => {
    // Shares .5, .3, .2; -log of the choices' normal shares over them: 7.56, 2.31 and .0068, the least the third's.
    const given = {
      z: triple(0.1, 0.2, 0.3),
      clean: triple(0, -0.4, -0.6),
      from: levelsOf(4),
      noise: triple(1, -1, 0),
    };
    const choice = triple(-2, 0, 3);
    const step = (to: number, final?: "mode") =>
      elementsOf({ ...given, choice, to: levelsOf(to) }, ({ z, clean, from, to, noise, choice }) =>
        three(final).transition(z, { clean, noise }, from, to, noise, { choices: [choice] }),
      );
    const std = Math.sqrt(1.5);
    expect(step(2)).toEqual(close([0.1 - 0.5 + std, 0.2 - 0.5 - std, 0.3 + 1]));
    expect(step(0)).toEqual([-1, -1, 1]);
    expect(step(0, "mode")).toEqual([1, -1, -1]);
    // Without choices the noise itself decides: shares of .841, .159 and .5, and the first.
    const alone = elementsOf({ ...given, to: levelsOf(0) }, ({ z, clean, from, to, noise }) =>
      three().transition(z, { clean, noise }, from, to, noise),
    );
    expect(alone).toEqual([1, -1, -1]);
  });

  it("tells the squared error and the surprise of an estimate, summed over a token's symbols, token by token", () => {
    // Shares .5, .3, .2 and 0, 1, 0 of the first token, 1/3 each of the second's symbols.
    const third = [-1 / 3, -1 / 3, -1 / 3];
    const given = {
      clean: tensor([0, -0.4, -0.6, -1, 1, -1, ...third, ...third], [1, 2, 6]),
      truth: tensor([-1, 1, -1, -1, 1, -1, 1, -1, -1, -1, -1, 1], [1, 2, 6]),
    };
    const of = (part: "error" | "nats") =>
      elementsOf(given, ({ clean, truth }) => three().information!.terms({ clean, noise: clean }, truth)[part]);
    expect(of("error")).toEqual(close([0.25 + 0.49 + 0.04, 2 * (4 / 9 + 2 / 9)]));
    expect(of("nats")).toEqual(close([-Math.log(0.3), 2 * Math.log(3)]));
  });

  it("reads tokens of any number of axes", () => {
    const given = { z: tensor([0, 0, 0, Math.log(2), 0, 0], [1, 1, 2, 3]), levels: levelsOf(2) };
    const graph = trace(given, ({ z, levels }) => ({ shown: three().modelInput(z, levels) }));
    const { shape, data } = evaluateGraph(graph, given).shown!;
    expect([shape, [...data]]).toEqual([[1, 1, 2, 3], close([1 / 3, 1 / 3, 1 / 3, 0.5, 0.25, 0.25])]);
  });

  it("comes back from its configuration, and refuses what it cannot be", () => {
    expect(processFromConfig(process.config).config).toEqual(process.config);
    expect(() => discreteBayesianFlow({ categories: 1 })).toThrow(/categories/);
    expect(() =>
      run(({ noise, levels }) => ({ x: discreteBayesianFlow({ categories: 2 }).modelInput(noise, levels) })),
    ).toThrow(/no whole number of symbols of 2/);
  });
});
