import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { add, concat, div, mul, slice, softmax, square, sub, sum } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { linearSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { checkLaw } from "../testing/law.js";
import { exactDiffusion } from "../testing/oracles/index.js";
import { kolmogorovSmirnov, normalDistribution } from "../testing/statistics.js";
import type { Guidance } from "./guidance/gradient.js";
import { pyramid } from "./plan/matrix-shapes.js";
import { Sampler, type SamplerOptions } from "./sampler.js";
import { ancestral } from "./solvers/ancestral.js";
import type { StartPrior } from "./start.js";

// Data +-1 with deviation .1, every token by itself; its exact denoiser.
const process = variancePreserving(linearSchedule(1000), { objective: "x0", limit: { kind: "none" } });
const twoPoints: Diffusion = exactDiffusion(
  [1],
  ({ tokens, signal, noise }) => {
    const spread = add(mul(mul(signal, signal), 0.01), mul(noise, noise));
    const parts = [-1, 1].map((mean) => {
      const error = sub(tokens, mul(signal, mean));
      return {
        clean: add(mul(div(mul(signal, 0.01), spread), error), mean),
        evidence: div(mul(square(error), -0.5), spread),
      };
    });
    const shares = softmax(
      concat(
        parts.map(({ evidence }) => evidence),
        2,
      ),
    );
    return parts
      .map(({ clean }, m) => mul(clean, slice(shares, 2, m, m + 1)))
      .reduce((total, part) => add(total, part));
  },
  { process },
);
const law = (x: number): number => (normalDistribution((x - 1) / 0.1) + normalDistribution((x + 1) / 0.1)) / 2;
/** q(x^k | x) of fresh data. */
const exactPrior: StartPrior = ({ noise, levels }) => {
  const random = createRandom(77);
  const data = noise.data.map((z, i) => {
    const [alpha, sigma] = [
      process.path!.signal[levels[i % levels.length]!]!,
      process.path!.noise[levels[i % levels.length]!]!,
    ];
    return alpha * ((random.uniform() < 0.5 ? -1 : 1) + 0.1 * random.normal()) + sigma * z;
  });
  return tensor(data, noise.shape);
};
const normalPrior: StartPrior = ({ noise }) => noise;
const samplerOf = (options: Partial<SamplerOptions>) =>
  new Sampler(twoPoints, {
    backend: referenceBackend(),
    parameters: {},
    timesteps: 25,
    solver: ancestral(),
    stabilizationLevel: 0,
    ...options,
  });
describe("a truncated start", () => {
  it.for([
    [49, 0.222],
    [99, 0.151],
    [249, 0.025],
    [499, 0.0004],
  ] as const)(
    "is what is left to be learned: the distance of level %d (counted from 0) from a normal law is %d",
    ([k, expected]) => {
      const [alpha, sigma] = [process.path!.signal[k + 1]!, process.path!.noise[k + 1]!];
      const std = Math.sqrt(0.01 * alpha ** 2 + sigma ** 2);
      const noised = (x: number): number =>
        (normalDistribution((x - alpha) / std) + normalDistribution((x + alpha) / std)) / 2;
      const grid = Array.from({ length: 2401 }, (_, i) => -6 + i / 200);
      expect(Math.max(...grid.map((x) => Math.abs(noised(x) - normalDistribution(x))))).toBeCloseTo(
        expected,
        k === 499 ? 4 : 3,
      );
    },
  );

  it("with the exact prior gives the data's law, in the steps that are left", async ({ task }) => {
    const fit = async (prior: StartPrior): Promise<number> => {
      const sampler = samplerOf({ start: { level: 100, prior } });
      expect([sampler.levels[0], sampler.levels[25], sampler.timesteps]).toEqual([0, 100, 25]);
      return kolmogorovSmirnov((await sampler.sample({ batch: 4000, length: 1, seed: 3 })).data, law);
    };
    checkLaw(task, {
      law: "Sampling that starts at level 100 of 1000 from the exact prior follows the data's law",
      statistic: "p, Kolmogorov-Smirnov, 4000 draws of +-1 with deviation .1",
      found: await fit(exactPrior),
      within: [1e-3, 1],
      broken: { "started from pure noise": await fit(normalPrior) },
    });
  });

  it("may lie at another level for each token, under a pyramid, and in rollouts", async ({ task }) => {
    const seen: number[][] = [];
    const prior: StartPrior = (request) => {
      seen.push(Array.from(request.levels));
      return exactPrior(request);
    };
    const sampler = samplerOf({ start: { level: [40, 100], prior } });
    const { data } = await sampler.sample({ batch: 1500, length: 3, seed: 3, matrix: pyramid({ uncertainty: 5 }) });
    const chunks: number[] = [];
    for await (const { tokens } of sampler.rollout({ batch: 750, length: 2, chunk: 2, window: 4, seed: 5 }))
      chunks.push(...tokens.data);
    expect(seen).toEqual([
      [40, 100, 100],
      [40, 100],
    ]);
    const wrong = samplerOf({ start: { level: [40, 100], prior: normalPrior } });
    checkLaw(task, {
      law: "Tokens that start at levels of their own follow the data's law",
      statistic: "p, Kolmogorov-Smirnov, the smaller of a pyramid's and a rollout's",
      found: Math.min(kolmogorovSmirnov(data, law), kolmogorovSmirnov(chunks, law)),
      within: [1e-3, 1],
      broken: {
        "started from pure noise": kolmogorovSmirnov(
          (await wrong.sample({ batch: 1500, length: 3, seed: 3 })).data,
          law,
        ),
      },
    });
  });

  it("is guided like any other", async () => {
    const guidance: Guidance = { guidanceScale: 3, samples: 1, reward: (clean) => sum(clean, [1, 2]) };
    const share = async (options: Partial<SamplerOptions>): Promise<number> => {
      const sampler = samplerOf({ start: { level: 200, prior: exactPrior }, ...options });
      const { data } = await sampler.sample({ batch: 500, length: 1, seed: 3 });
      return Array.from(data).filter((x) => x > 0).length / 500;
    };
    expect(await share({ guidance })).toBeGreaterThan((await share({})) + 0.02);
  });
});
