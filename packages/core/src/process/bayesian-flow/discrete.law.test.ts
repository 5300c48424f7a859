import { describe, it } from "vitest";
import { concat, constant, log, maximum, mul, reshape, slice, sum } from "../../engine/graph/operations.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import type { Model } from "../../models/model.js";
import { autoregressive, fullSequence, type MatrixShape } from "../../sampling/plan/matrix-shapes.js";
import { Sampler } from "../../sampling/sampler.js";
import { checkLaw } from "../../testing/law.js";
import { chiSquare } from "../../testing/statistics.js";
import { discreteBayesianFlow } from "./discrete.js";

// Two symbols of three, the second by a Markov chain: the exact posterior is a sum over nine pairs.
const first = [0.5, 0.3, 0.2];
const chain = [
  [0.7, 0.2, 0.1],
  [0.1, 0.3, 0.6],
  [0.2, 0.6, 0.2],
];
const pairs = first.flatMap((p, i) => chain[i]!.map((q) => p * q));
const process = discreteBayesianFlow({ categories: 3, levels: 100, finalAccuracy: 1 });
const model: Model = {
  config: { kind: "oracle" },
  tokenShape: [3],
  conditionFeatures: 0,
  parameters: {},
  apply: (_, { tokens }) => {
    const [batch, length] = tokens.shape as [number, number, number];
    if (length === 1) return log(maximum(mul(tokens, constant(tensor(first, [3]))), 1e-30));
    const [a, b] = [slice(tokens, 1, 0, 1), slice(tokens, 1, 1, 2)]; // [B, 1, 3]
    const joint = mul(mul(constant(tensor(pairs, [3, 3])), reshape(a, [batch, 3, 1])), b); // [B, 3, 3]
    const marginals = [sum(joint, 2), sum(joint, 1)].map((p) => reshape(p, [batch, 1, 3]));
    return log(maximum(concat(marginals, 1), 1e-30));
  },
};
const sampler = (timesteps: number) =>
  new Sampler(
    { model, process, lossWeighting: process.lossWeighting },
    { backend: referenceBackend(), parameters: {}, timesteps, stabilizationLevel: 0 },
  );
const count = 3000;
const symbol = (data: ArrayLike<number>, token: number): number =>
  [0, 1, 2].find((k) => data[token * 3 + k] === 1) as number;

describe("a discrete Bayesian flow over a sequence", () => {
  it("follows the joint law one symbol after the other, in any number of steps", async ({ task }) => {
    async function fit(timesteps: number, matrix: MatrixShape): Promise<number> {
      const { data } = await sampler(timesteps).sample({ batch: count, length: 2, seed: 3, matrix });
      const counts = new Array<number>(9).fill(0);
      for (let b = 0; b < count; b++) counts[3 * symbol(data, 2 * b) + symbol(data, 2 * b + 1)]!++;
      return chiSquare(counts, pairs);
    }
    checkLaw(task, {
      law: "A discrete Bayesian flow under an autoregressive matrix follows a Markov chain exactly, in 2 steps a symbol",
      statistic: "p, chi-square of the pairs, 3000 draws",
      found: await fit(2, autoregressive()),
      within: [1e-3, 1],
      broken: { "both symbols at once, in one step": await fit(1, fullSequence()) },
    });
  });

  it("follows the joint law in a rollout, chunk by chunk", async ({ task }) => {
    async function fit(timesteps: number, chunk: number): Promise<number> {
      const symbols: number[][] = Array.from({ length: count }, () => []);
      const matrix = fullSequence();
      const rollout = sampler(timesteps).rollout({ batch: count, length: 2, chunk, window: 2, matrix, seed: 5 });
      for await (const { tokens } of rollout) {
        for (let b = 0; b < count; b++)
          for (let t = 0; t < chunk; t++) symbols[b]!.push(symbol(tokens.data, b * chunk + t));
      }
      const counts = new Array<number>(9).fill(0);
      for (const [a, b] of symbols) counts[3 * a! + b!]!++;
      return chiSquare(counts, pairs);
    }
    checkLaw(task, {
      law: "A discrete Bayesian flow rolls out a Markov chain exactly, a symbol at a time, in 2 steps each",
      statistic: "p, chi-square of the pairs, 3000 draws",
      found: await fit(2, 1),
      within: [1e-3, 1],
      broken: { "both symbols in one chunk of one step": await fit(1, 2) },
    });
  });

  it("follows the conditional law after a context", async ({ task }) => {
    async function fit(given: number): Promise<number> {
      const one = [0, 1, 2].map((k) => (k === given ? 1 : -1));
      const context = tensor(Array.from({ length: count }, () => one).flat(), [count, 1, 3]);
      const { data } = await sampler(3).sample({ context, length: 1, seed: 4 });
      const counts = [0, 0, 0];
      for (let b = 0; b < count; b++) counts[symbol(data, 2 * b + 1)]!++;
      return chiSquare(counts, chain[1]!);
    }
    checkLaw(task, {
      law: "A discrete Bayesian flow follows the conditional law after a context at level 0",
      statistic: "p, chi-square, 3000 draws",
      found: await fit(1),
      within: [1e-3, 1],
      broken: { "after another context": await fit(2) },
    });
  });
});
