import { describe, expect, it } from "vitest";
import type { Diffusion } from "../../diffusion/diffusion.js";
import { add, concat, div, mul, slice, softmax, square, sub, sum } from "../../engine/graph/operations.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { checkLaw } from "../../testing/law.js";
import {
  autoregressiveLaw,
  autoregressiveModel,
  exactDiffusion,
  gaussianSequence,
  kalmanFilter,
} from "../../testing/oracles/index.js";
import { kolmogorovSmirnov, normalDistribution } from "../../testing/statistics.js";
import type { NoiseSource } from "../noise-source.js";
import { fullSequence, type MatrixShape, pyramid } from "../plan/matrix-shapes.js";
import { Sampler, type SamplerOptions } from "../sampler.js";
import { ancestral } from "../solvers/ancestral.js";
import { ddim } from "../solvers/ddim.js";
import { speculative } from "./speculative.js";

const samplerOf = (diffusion: Diffusion, options: Partial<SamplerOptions>): Sampler =>
  new Sampler(diffusion, {
    backend: referenceBackend(),
    parameters: {},
    timesteps: 40,
    stabilizationLevel: 0,
    solver: ancestral(),
    ...options,
  });

/** Draws as the seed, but keeps every draft: ln U is minus infinity. */
function trusting(source: NoiseSource): NoiseSource {
  const at = (inner: NoiseSource, isDecision: boolean): NoiseSource => ({
    split: (label) => at(inner.split(label), label === "accept"),
    fillNormal: (target, options) => (isDecision ? void target.fill(-20) : inner.fillNormal(target, options)),
  });
  return at(source, false);
}

const [correlation, deviation, length, count] = [0.8, 0.6, 4, 250];

/** The smallest probability of a token's innovation, given its past, being normal; Bonferroni-corrected. */
function innovationsFit(data: ArrayLike<number>): number {
  const fits = Array.from({ length }, (_, t) => {
    const innovations = Array.from({ length: count }, (_, b) => {
      const [now, before] = [data[b * length + t]!, t === 0 ? 0 : data[b * length + t - 1]!];
      return (t === 0 ? Math.sqrt(1 - correlation ** 2) : 1) * now - correlation * before;
    });
    return kolmogorovSmirnov(innovations, (x) => normalDistribution(x / deviation));
  });
  return Math.min(1, length * Math.min(...fits));
}

describe("speculative walks", () => {
  const exact = gaussianSequence(autoregressiveLaw(length, correlation, deviation));
  async function fit(
    matrix: MatrixShape,
    draft: "frozen" | "recent",
    window: number,
    seed: NoiseSource,
    solver = ancestral(),
  ) {
    const sampler = samplerOf(exact, { solver, speculation: speculative({ draft, length: window }) });
    const { data } = await sampler.sample({ batch: count, length, seed, matrix });
    return innovationsFit(data);
  }

  it.for([
    ["full sequence, frozen", fullSequence(), "frozen", ancestral()],
    ["pyramid, frozen", pyramid({ uncertainty: 5 }), "frozen", ddim({ eta: 1 })],
    ["pyramid, recent", pyramid({ uncertainty: 5 }), "recent", ancestral()],
  ] as const)("follow the data's law: %s", async ([name, matrix, draft, solver], { task }) => {
    checkLaw(task, {
      law: `Speculative walks follow the law of the plain walk: ${name}`,
      statistic: "p, Kolmogorov-Smirnov, of each token's innovation",
      found: await fit(matrix, draft, 5, createRandom(4), solver),
      within: [1e-3, 1],
      broken: { "every draft is kept": await fit(matrix, draft, 20, trusting(createRandom(4)), solver) },
    });
  });

  it("couple token by token where the model is causal, against a memory", async ({ task }) => {
    const filter = kalmanFilter(autoregressiveModel(correlation, deviation));
    async function rolled(seed: NoiseSource, window: number): Promise<number> {
      const sampler = samplerOf(filter, { speculation: speculative({ length: window }) });
      const data = new Float32Array(count * length);
      const rollout = sampler.rollout({ batch: count, length, chunk: 2, matrix: pyramid({ uncertainty: 10 }), seed });
      for await (const { tokens, position, calls, evaluations } of rollout) {
        expect(calls).toBeLessThan(evaluations);
        for (let b = 0; b < count; b++) data.set(tokens.data.subarray(2 * b, 2 * b + 2), b * length + position);
      }
      return innovationsFit(data);
    }
    checkLaw(task, {
      law: "Speculative rollouts of a causal model with a memory follow the joint law, coupled token by token",
      statistic: "p, Kolmogorov-Smirnov, of each token's innovation",
      found: await rolled(createRandom(6), 5),
      within: [1e-3, 1],
      broken: { "every draft is kept": await rolled(trusting(createRandom(6)), 20) },
    });
  });

  it("go on with the tokens before one that is rejected: fewer runs than if all of them had to wait", async () => {
    const filter = kalmanFilter(autoregressiveModel(correlation, deviation));
    const sampler = samplerOf(filter, { speculation: speculative({ length: 5 }) });
    let total = 0;
    for (let seed = 0; seed < 6; seed++) {
      for await (const { step, steps, calls } of sampler.sampleStream({ length, seed, matrix: fullSequence() })) {
        if (step === steps) total += calls;
      }
    }
    // 74; 80 where a rejection halts every token.
    expect(total).toBeLessThanOrEqual(76);
    await sampler.dispose();
  });

  it("take fewer runs of the model in sequence on a mixture in 256 dimensions", async ({ task }) => {
    const calls = async (draft: "frozen" | "recent", seeds: number, window = 5): Promise<number> => {
      return stepsPerRun(256, 50, draft, seeds, window);
    };
    const found = { frozen: await calls("frozen", 12), recent: await calls("recent", 12) };
    for (const draft of ["frozen", "recent"] as const) {
      checkLaw(task, {
        law: `Speculation on a mixture in 256 dimensions, 50 steps, windows of 5, drafts ${draft}: at least 1.8 steps a run of the model`,
        statistic: "steps per run in sequence, 12 samples",
        found: found[draft],
        within: [1.8, 5],
        broken: { "windows of one step": await calls(draft, 2, 1) },
      });
    }
  });

  // Measured for the specification with windows that cost a run to draft and a run to look at.
  it.for([
    [50, 5, 2.29],
    [200, 10, 4.5],
  ] as const)(
    "take fewer runs on a mixture in 2 dimensions: %d steps, windows of %d",
    async ([steps, window, least], { task }) => {
      checkLaw(task, {
        law: `Speculation on a mixture in 2 dimensions, ${steps} steps, windows of ${window}, frozen drafts: at least ${least} steps a run of the model`,
        statistic: "steps per run in sequence, 12 samples",
        found: await stepsPerRun(2, steps, "frozen", 12, window),
        within: [least, window],
        broken: { "windows of one step": await stepsPerRun(2, steps, "frozen", 2, 1) },
      });
    },
  );
});

/** How many steps of the plain walk a run of the model stands for, by speculation. */
async function stepsPerRun(
  dimension: number,
  timesteps: number,
  draft: "frozen" | "recent",
  seeds: number,
  window: number,
): Promise<number> {
  const sampler = samplerOf(isotropicMixture(dimension), {
    timesteps,
    speculation: speculative({ draft, length: window }),
  });
  let total = 0;
  for (let seed = 0; seed < seeds; seed++) {
    for await (const { step, steps, calls } of sampler.sampleStream({ length: 1, seed })) {
      if (step === steps) total += calls;
    }
  }
  await sampler.dispose();
  return (timesteps * seeds) / total;
}

/** An even mixture of N(+-1, .1^2 I), one token of so many numbers. */
function isotropicMixture(dimension: number): Diffusion {
  return exactDiffusion([dimension], ({ tokens, signal, noise }) => {
    const spread = add(mul(mul(signal, signal), 0.01), mul(noise, noise));
    const gain = div(mul(signal, 0.01), spread);
    const parts = [-1, 1].map((mean) => {
      const error = sub(tokens, mul(signal, mean));
      const evidence = div(mul(sum(square(error), 2, true), -0.5), spread);
      return { clean: add(mul(gain, error), mean), evidence };
    });
    const shares = softmax(
      concat(
        parts.map(({ evidence }) => evidence),
        2,
      ),
    );
    const [first, second] = [0, 1].map((m) => mul(parts[m]!.clean, slice(shares, 2, m, m + 1)));
    return add(first!, second!);
  });
}
