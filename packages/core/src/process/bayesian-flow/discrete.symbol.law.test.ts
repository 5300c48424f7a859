import { describe, expect, it } from "vitest";
import { add, constant, log, maximum } from "../../engine/graph/operations.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { evidenceLowerBound } from "../../likelihood/evidence-lower-bound.js";
import type { Model } from "../../models/model.js";
import { autoregressive, fullSequence, type MatrixShape, schedulingMatrix } from "../../sampling/plan/matrix-shapes.js";
import { Sampler } from "../../sampling/sampler.js";
import { flowCost } from "../../testing/fixtures/flow-cost.js";
import { checkLaw } from "../../testing/law.js";
import { chiSquare } from "../../testing/statistics.js";
import type { NoiseProcess } from "../process.js";
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

describe("a discrete Bayesian flow of one symbol", () => {
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
    const costOf = (p: readonly number[], seed: number): number => flowCost(flow, bayes(flow, p).model, givenOf(seed));
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
