import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { isDiffusionForcingError } from "../engine/errors.js";
import { div, mul, sum, tanh } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { atLevel } from "../process/tables.js";
import { checkLaw } from "../testing/law.js";
import type { Guidance } from "./guidance/gradient.js";
import { autoregressive, schedulingMatrix } from "./plan/matrix-shapes.js";
import { Sampler } from "./sampler.js";
import { ddim } from "./solvers/ddim.js";
import { type TreeSearchOptions, type TreeSearchProgress, treeSearch, withStrength } from "./tree-search.js";

const length = 5;
const process = variancePreserving(cosineSchedule(50), { objective: "x0", limit: { kind: "static", bound: 1 } });

/** Every token is -1 or 1 with equal chance; the exact denoiser is tanh(sqrt(alphaBar) x / (1 - alphaBar)). */
const coins: Diffusion = {
  model: {
    config: { kind: "coins" },
    tokenShape: [1],
    conditionFeatures: 0,
    parameters: {},
    apply: (_, { tokens, noiseLevels }) => {
      const { signal: alpha, noise } = process.path!;
      const variance = noise.map((sigma) => Math.max(sigma ** 2, 1e-4));
      const signal = mul(atLevel(alpha, noiseLevels, 3), tokens);
      return tanh(div(signal, atLevel(variance, noiseLevels, 3)));
    },
  },
  process,
  lossWeighting: { kind: "uniform" },
};

/** Only the pattern + - + - + scores 5. */
const pattern = [1, -1, 1, -1, 1];
const score = ({ data }: HostTensor) => pattern.reduce((total, sign, t) => total + sign * Math.sign(data[t]!), 0);
const towardsOnes: Guidance = { samples: 1, reward: (x0) => mul(sum(x0, [1, 2]), 0.5) };

function searching(options: Partial<TreeSearchOptions> = {}, seed = 0): AsyncGenerator<TreeSearchProgress> {
  const sampler = new Sampler(coins, {
    backend: referenceBackend(),
    parameters: {},
    timesteps: 4,
    solver: ddim({ eta: 1 }),
    stabilizationLevel: 0,
    guidance: withStrength(towardsOnes),
  });
  const noise = tensor(new Float32Array(length), [1, length, 1]);
  createRandom(seed).fillNormal(noise.data as Float32Array);
  const rows = schedulingMatrix(autoregressive(), 4, length).rows;
  const request = { tokens: noise, rows, seed: seed + 1 };
  return treeSearch({ sampler, request, score, strengths: [0, 0], depth: length, lookAheadSteps: 20, ...options });
}

async function all(steps: AsyncGenerator<TreeSearchProgress>): Promise<TreeSearchProgress[]> {
  const result: TreeSearchProgress[] = [];
  for await (const step of steps) result.push(step);
  return result;
}

describe("treeSearch", () => {
  it("finds the one pattern in 32 that the score wants, where a search that cannot tell does not", async ({ task }) => {
    const wide = { strengths: new Array<number>(8).fill(0), expansions: 30 };
    const worst = async (options: Partial<TreeSearchOptions>) => {
      const bests = [0, 1, 2].map(async (seed) => score((await all(searching(options, seed))).at(-1)!.best));
      return Math.min(...(await Promise.all(bests)));
    };
    checkLaw(task, {
      law: "Tree search finds the pattern that one sample in 32 has",
      statistic: "worst of three best scores, 5 for the pattern",
      found: await worst(wide),
      within: [5, 5],
      broken: { "a score that cannot tell": await worst({ ...wide, score: () => 0 }) },
    });
  });

  it("never loses the best it had, and counts what it costs", async () => {
    const steps = await all(searching({ expansions: 8 }));
    expect(steps.map(({ expansion }) => expansion)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    steps.slice(1).forEach(({ score }, i) => {
      expect(score).toBeGreaterThanOrEqual(steps[i]!.score);
    });
    // Each expansion walks 2 children to the end: 4 steps for each token that is left, no row twice.
    expect(steps[0]?.evaluations).toBe(2 * 4 * length);
  });

  it("gives each child its own strength: a strongly guided one follows the value", async () => {
    const [first] = await all(
      searching({ expansions: 1, strengths: [0, 1000], score: ({ data }) => Array.from(data).reduce((a, b) => a + b) }),
    );
    expect(Array.from(first!.best.data, Math.round)).toEqual([1, 1, 1, 1, 1]);
  });

  it("needs no guidance: children then differ by their noise", async () => {
    const sampler = new Sampler(coins, {
      backend: referenceBackend(),
      parameters: {},
      timesteps: 4,
      solver: ddim({ eta: 1 }),
      stabilizationLevel: 0,
    });
    const noise = tensor(new Float32Array(length), [1, length, 1]);
    createRandom(2).fillNormal(noise.data as Float32Array);
    const rows = schedulingMatrix(autoregressive(), 4, length).rows;
    const steps = await all(
      treeSearch({
        sampler,
        request: { tokens: noise, rows, seed: 3 },
        score,
        children: 8,
        expansions: 30,
        depth: length,
      }),
    );
    expect(score(steps.at(-1)!.best)).toBe(5);
    expect(steps[0]?.evaluations).toBeGreaterThanOrEqual(8 * 4);
  });

  it("ends when there is nothing left to expand", async () => {
    // Depth 2, two children each: the root and its two children.
    expect(await all(searching({ depth: 2, expansions: 100 }))).toHaveLength(3);
  });

  it("gives the same again for the same seed, another for another", async () => {
    const best = async (seed: number) => Array.from((await all(searching({ expansions: 3 }, seed))).at(-1)!.best.data);
    expect(await best(3)).toEqual(await best(3));
    expect(await best(3)).not.toEqual(await best(4));
  });

  it.each<[string, Partial<TreeSearchOptions>, string]>([
    ["depth", { depth: 0 }, "invalid-argument"],
    ["depth beyond the rows", { depth: 21 }, "invalid-argument"],
    ["strengths", { strengths: [] }, "invalid-argument"],
    ["expansions", { expansions: 0 }, "invalid-argument"],
    ["score", { score: () => Number.NaN }, "invalid-argument"],
    ["request", { request: {} as TreeSearchOptions["request"] }, "invalid-argument"],
    ["exploration", { exploration: Number.NaN }, "invalid-argument"],
    ["option", { branches: 3 } as Partial<TreeSearchOptions>, "invalid-argument"],
    [
      "number of children",
      { strengths: undefined, children: 5_000_000 } as unknown as Partial<TreeSearchOptions>,
      "invalid-argument",
    ],
    [
      "number of children that is none",
      { strengths: undefined, children: 0 } as unknown as Partial<TreeSearchOptions>,
      "invalid-argument",
    ],
  ])("refuses an illegal %s", async (_name, options, code) => {
    const failure = await all(searching(options)).catch((error: unknown) => error);
    expect(isDiffusionForcingError(failure, code as "invalid-argument")).toBe(true);
  });

  it("stops when aborted", async () => {
    const controller = new AbortController();
    const rows = schedulingMatrix(autoregressive(), 4, length).rows;
    const tokens = tensor(new Float32Array(length), [1, length, 1]);
    const steps = searching({ request: { tokens, rows, seed: 0, signal: controller.signal } });
    await steps.next();
    controller.abort();
    const failure = await steps.next().catch((error: unknown) => error);
    expect(isDiffusionForcingError(failure, "aborted")).toBe(true);
  });

  it("stops when aborted while a score takes its time", async () => {
    const controller = new AbortController();
    const rows = schedulingMatrix(autoregressive(), 4, length).rows;
    const tokens = tensor(new Float32Array(length), [1, length, 1]);
    const score = (): Promise<number> => {
      controller.abort();
      return new Promise(() => {});
    };
    const steps = searching({ request: { tokens, rows, seed: 0, signal: controller.signal }, score });
    await expect(steps.next()).rejects.toMatchObject({ code: "aborted" });
  });

  it("withStrength refuses what is no guidance", () => {
    expect(() => withStrength(undefined as never)).toThrow("guidance: the value is undefined; expected an object");
  });
});
