import { describe, expect, it } from "vitest";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { autoregressive, fullSequence, type MatrixShape } from "../../sampling/plan/matrix-shapes.js";
import { Sampler } from "../../sampling/sampler.js";
import { checkLaw } from "../../testing/law.js";
import { codeChainOracle } from "../../testing/oracles/code-chain.js";
import { chiSquare } from "../../testing/statistics.js";
import { cosineSchedule } from "../gaussian/schedule.js";
import { tokenPrediction } from "./token-prediction.js";

const schedule = cosineSchedule(100);

interface Chain {
  readonly codebook: number[][];
  readonly initial: number[];
  readonly transition: number[][];
}

function sampler(chain: Chain, timesteps: number, temperature = 1): Sampler {
  const process = tokenPrediction({ codebook: chain.codebook, schedule, temperature });
  const model = codeChainOracle({ ...chain, path: schedule.path });
  return new Sampler(
    { model, process, lossWeighting: process.lossWeighting },
    { backend: referenceBackend(), parameters: {}, timesteps, stabilizationLevel: 0 },
  );
}

/** The codes of tokens, which must be codes themselves. */
function codesOf({ codebook }: Chain, data: ArrayLike<number>): number[] {
  const width = (codebook[0] as number[]).length;
  return Array.from({ length: data.length / width }, (_, i) => {
    const found = codebook.findIndex((row) =>
      row.every((x, d) => Math.abs(x - (data[i * width + d] as number)) < 1e-5),
    );
    expect(found).toBeGreaterThanOrEqual(0);
    return found;
  });
}

const small: Chain = {
  codebook: [
    [1, 0.5],
    [-1.2, 0.4],
    [0.3, -1.4],
  ],
  initial: [0.5, 0.3, 0.2],
  transition: [
    [0.7, 0.2, 0.1],
    [0.1, 0.3, 0.6],
    [0.2, 0.6, 0.2],
  ],
};
const count = 2000;

describe("recurrent token prediction with the exact distribution", () => {
  it("follows the law of one token, in any number of steps", async ({ task }) => {
    async function fit(timesteps: number, temperature = 1): Promise<number> {
      const { data } = await sampler(small, timesteps, temperature).sample({ batch: count, length: 1, seed: 3 });
      const counts = [0, 0, 0];
      for (const code of codesOf(small, data)) counts[code]!++;
      return chiSquare(counts, small.initial);
    }
    checkLaw(task, {
      law: "Recurrent token prediction draws one code exactly, in 1, 3 or 20 steps",
      statistic: "p, chi-square, 2000 draws, the least of the three",
      found: Math.min(await fit(1), await fit(3), await fit(20)),
      within: [1e-3, 1],
      broken: { "no Gumbel noise": await fit(3, 0), "half of the Gumbel noise": await fit(3, 0.5) },
    });
  });

  it("joins correlated tokens the better the more steps there are", async ({ task }) => {
    const equal: Chain = {
      codebook: [
        [1.2, 1.2],
        [1.2, -1.2],
        [-1.2, 1.2],
        [-1.2, -1.2],
      ],
      initial: [0.25, 0.25, 0.25, 0.25],
      transition: [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => (i === j ? 1 : 0))),
    };
    async function mismatch(timesteps: number): Promise<number> {
      const { data } = await sampler(equal, timesteps).sample({ batch: count, length: 2, seed: 5 });
      const codes = codesOf(equal, data);
      return Array.from({ length: count }, (_, b) => (codes[2 * b] === codes[2 * b + 1] ? 0 : 1)).reduce<number>(
        (sum, wrong) => sum + wrong / count,
        0,
      );
    }
    const shares = [await mismatch(1), await mismatch(2), await mismatch(5), await mismatch(25)];
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    checkLaw(task, {
      law: "Two codes that are always equal differ less often the more steps recurrent token prediction takes",
      statistic: "share of pairs that differ in 25 steps; independent ones do in .75",
      found: shares[3] as number,
      within: [0, 0.2],
      broken: { "one step": shares[0] as number },
    });
  });

  it("follows a chain of 16 codes in 10 steps better than a factorised step", async ({ task }) => {
    const random = createRandom(7);
    const normal = (): number => random.normal();
    const distribution = (): number[] => {
      const weights = Array.from({ length: 16 }, () => Math.exp(2.5 * normal()));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return weights.map((weight) => weight / total);
    };
    const chain: Chain = {
      codebook: Array.from({ length: 16 }, () => [normal(), normal(), normal(), normal()]),
      initial: distribution(),
      transition: Array.from({ length: 16 }, distribution),
    };
    // Of the pairs at all places of 6 tokens.
    const expected = new Float64Array(256);
    let marginal = chain.initial;
    for (let t = 0; t < 5; t++) {
      marginal.forEach((p, i) => {
        chain.transition[i]?.forEach((q, j) => {
          expected[16 * i + j]! += (p * q) / 5;
        });
      });
      marginal = marginal.map((_, j) => marginal.reduce((sum, p, i) => sum + p * (chain.transition[i]?.[j] ?? 0), 0));
    }
    async function distance(timesteps: number, temperature = 1): Promise<number> {
      const batch = 600;
      const { data } = await sampler(chain, timesteps, temperature).sample({ batch, length: 6, seed: 8 });
      const codes = codesOf(chain, data);
      const found = new Float64Array(256);
      for (let i = 0; i < codes.length; i++) {
        if (i % 6 < 5) found[16 * (codes[i] as number) + (codes[i + 1] as number)]! += 1 / (5 * batch);
      }
      return found.reduce((sum, share, pair) => sum + Math.abs(share - (expected[pair] as number)) / 2, 0);
    }
    checkLaw(task, {
      law: "Recurrent token prediction in 10 steps follows a Markov chain of 16 codes",
      statistic: "total variation of the pairs of 600 sequences of 6",
      found: await distance(10),
      within: [0, 0.2],
      broken: {
        "all codes at once, factorised": await distance(1),
        "no Gumbel noise": await distance(10, 0),
      },
    });
  });
});

describe("recurrent token prediction with a level for every token", () => {
  it("follows a chain exactly one code after the other", async ({ task }) => {
    const pairs = small.initial.flatMap((p, i) => (small.transition[i] as number[]).map((q) => p * q));
    async function fit(timesteps: number, matrix: MatrixShape): Promise<number> {
      const { data } = await sampler(small, timesteps).sample({ batch: count, length: 2, seed: 3, matrix });
      const codes = codesOf(small, data);
      const counts = new Array<number>(9).fill(0);
      for (let b = 0; b < count; b++) counts[3 * (codes[2 * b] as number) + (codes[2 * b + 1] as number)]!++;
      return chiSquare(counts, pairs);
    }
    checkLaw(task, {
      law: "Recurrent token prediction under an autoregressive matrix follows a Markov chain exactly, in 2 steps a code",
      statistic: "p, chi-square of the pairs, 2000 draws",
      found: await fit(2, autoregressive()),
      within: [1e-3, 1],
      broken: { "both codes at once, in one step": await fit(1, fullSequence()) },
    });
  });

  it("follows the conditional law after a context", async ({ task }) => {
    async function fit(given: number): Promise<number> {
      const vector = small.codebook[given] as number[];
      const context = tensor(Array.from({ length: count }, () => vector).flat(), [count, 1, 2]);
      const { data } = await sampler(small, 3).sample({ context, length: 1, seed: 4 });
      const codes = codesOf(small, data);
      const counts = [0, 0, 0];
      for (let b = 0; b < count; b++) counts[codes[2 * b + 1] as number]!++;
      return chiSquare(counts, small.transition[1] as number[]);
    }
    checkLaw(task, {
      law: "Recurrent token prediction follows the conditional law after a context at level 0",
      statistic: "p, chi-square, 2000 draws",
      found: await fit(1),
      within: [1e-3, 1],
      broken: { "after another context": await fit(2) },
    });
  });
});
