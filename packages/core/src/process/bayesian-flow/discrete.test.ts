import { describe, expect, it } from "vitest";
import { add, cast, constant, log, maximum, minimum, sum } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { createRandom } from "../../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { evidenceLowerBound } from "../../likelihood/evidence-lower-bound.js";
import type { Model } from "../../models/model.js";
import { autoregressive, fullSequence, type MatrixShape, schedulingMatrix } from "../../sampling/plan/matrix-shapes.js";
import { Sampler } from "../../sampling/sampler.js";
import { elementsOf, levelsOf } from "../../testing/elements-of.js";
import { checkLaw } from "../../testing/law.js";
import { chiSquare } from "../../testing/statistics.js";
import type { NoiseProcess } from "../process.js";
import { processFromConfig } from "../process-from-config.js";
import { discreteBayesianFlow } from "./discrete.js";

/** The Bayes predictor of one symbol of law p: logits log p + log theta. */
function bayes(process: NoiseProcess, p: readonly number[]) {
  const model: Model = {
    config: { kind: "oracle" },
    tokenShape: [p.length],
    conditionFeatures: 0,
    parameters: {},
    apply: (_, { tokens }) => add(log(maximum(tokens, 1e-30)), constant(tensor(p.map(Math.log), [p.length]))),
  };
  return { model, process, lossWeighting: process.lossWeighting };
}

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

  const categories = 27;
  const flow = discreteBayesianFlow({ categories, levels: 1000 });
  const uniform = new Array<number>(categories).fill(1 / categories);
  const skew = uniform.map((share, i) => share * (i === 0 ? 14 : 0.5));

  it("costs the entropy in all, given the Bayes predictor", ({ task }) => {
    // Every symbol at every level once: a token's loss, averaged over t, and its surprise at the last level but 0.
    const count = 1000 * categories;
    const symbols = Int32Array.from({ length: count }, (_, i) => i % categories);
    const givenOf = (seed: number) => {
      const noise = new Float32Array(count * categories);
      createRandom(seed).fillNormal(noise);
      return {
        clean: tensor(signed(symbols, categories), [1, count, categories]),
        noise: tensor(noise, [1, count, categories]),
        levels: tensor(
          Int32Array.from({ length: count }, (_, i) => 1 + Math.floor(i / categories)),
          [1, count],
        ),
      };
    };
    const costOf = (p: readonly number[], seed: number): number => {
      const { model } = bayes(flow, p);
      const given = givenOf(seed);
      const { loss, nats } = evaluateGraph(
        trace(given, ({ clean, levels, noise }) => {
          const outputAt = (noisy: Value, at: Value): Value =>
            model.apply({}, { tokens: flow.modelInput(noisy, at), noiseLevels: at, levelCount: 1000 });
          const noisy = flow.corrupt(clean, levels, noise);
          const last = cast(minimum(cast(levels, "float32"), 1), "int32");
          const known = flow.corrupt(clean, last, noise);
          const estimate = flow.estimate(outputAt(known, last), known, last);
          return {
            loss: sum(flow.loss(outputAt(noisy, levels), { clean, noisy, levels, noise })),
            nats: sum(flow.information!.terms(estimate, clean).nats),
          };
        }),
        given,
      );
      return (loss!.data[0]! + nats!.data[0]!) / count;
    };
    const seeds = [1, 2, 3, 4, 5, 6];
    checkLaw(task, {
      law: "A discrete Bayesian flow's loss and reconstruction add up to the entropy, given the Bayes predictor: 27 symbols, log 27 = 3.2958",
      statistic: "nats, 162,000 draws (standard error .009)",
      found: seeds.reduce((sum, seed) => sum + costOf(uniform, seed) / seeds.length, 0),
      within: [3.2958 - 0.03, 3.2958 + 0.03],
      broken: { "a predictor of another law": costOf(skew, 1) },
    });
  });

  it("has a bound for any order of levels, an upper sum", async ({ task }) => {
    const batch = 250;
    const random = createRandom(5);
    const symbols = Int32Array.from({ length: batch * 2 }, () => random.integer(0, categories));
    const timesteps = 25;
    const bound = async (p: readonly number[], matrix: MatrixShape): Promise<number> => {
      const { nats } = await evidenceLowerBound(bayes(flow, p), {
        backend: referenceBackend(),
        parameters: {},
        tokens: tensor(signed(symbols, categories), [batch, 2, categories]),
        timesteps,
        rows: schedulingMatrix(matrix, timesteps, 2).rows,
        seed: 3,
      });
      return -nats.reduce((sum, value) => sum + value, 0) / batch / 2;
    };
    const all = [await bound(uniform, fullSequence()), await bound(uniform, autoregressive())];
    checkLaw(task, {
      law: "A discrete Bayesian flow's bound lies above the entropy, and near, whatever the order of levels",
      statistic: "nats per symbol, the further of full sequence and autoregressive, 25 steps",
      found: Math.max(...all),
      within: [3.2958, 3.2958 + 0.3],
      broken: { "a predictor of another law": await bound(skew, fullSequence()) },
    });
    expect(Math.min(...all)).toBeGreaterThan(3.2958);
  });

  it.for([1, 3, 20])("samples one symbol exactly, in %d steps", async (timesteps, { task }) => {
    const p = [0.5, 0.25, 0.15, 0.1];
    const count = 4000;
    async function fit(final: "sample" | "mode"): Promise<number> {
      const flow = discreteBayesianFlow({ categories: 4, levels: 100, finalAccuracy: 0.3, final });
      const sampler = new Sampler(bayes(flow, p), {
        backend: referenceBackend(),
        parameters: {},
        timesteps,
        stabilizationLevel: 0,
      });
      const { data } = await sampler.sample({ batch: count, length: 1, seed: 8 });
      const counts = p.map(
        (_, k) => Array.from({ length: count }, (_, b) => data[b * 4 + k] === 1).filter(Boolean).length,
      );
      expect(counts.reduce((sum, value) => sum + value, 0)).toBe(count);
      return chiSquare(counts, p);
    }
    checkLaw(task, {
      law: `A discrete Bayesian flow samples one symbol exactly: ${timesteps} steps`,
      statistic: "p, chi-square, 4000 draws",
      found: await fit("sample"),
      within: [1e-3, 1],
      broken: { "the mode in the end": await fit("mode") },
    });
  });
});
