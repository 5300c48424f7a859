import { describe, expect, it } from "vitest";
import type { Diffusion } from "../diffusion/diffusion.js";
import { constant, mul, reshape, square, sub, sum } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { NoiseProcess } from "../process/process.js";
import { checkLaw } from "../testing/law.js";
import { autoregressiveLaw, gaussianSequence } from "../testing/oracles/index.js";
import type { Guidance } from "./guidance/gradient.js";
import { vanillaHistoryGuidance } from "./guidance/score-combination.js";
import { fullSequence, pyramid, schedulingMatrix } from "./plan/matrix-shapes.js";
import { Sampler, type SamplerOptions } from "./sampler.js";

const backend = referenceBackend();

const samplerOf = (diffusion: Diffusion, options: Partial<SamplerOptions>): Sampler =>
  new Sampler(diffusion, { backend, parameters: {}, stabilizationLevel: 0, ...options });

/** sigma^2 / alpha: how far Tweedie's formula moves the posterior mean for a unit slope of the log density. */
const tweedie = ({ path }: NoiseProcess): Float64Array => path!.signal.map((alpha, k) => path!.noise[k]! ** 2 / alpha);

/** -strength (x0 - goal)^2, summed over tokens. */
function towards(goal: number, strength: number, options: Pick<Guidance, "samples" | "gain">): Guidance {
  return {
    ...options,
    reward: (x0) => mul(sum(square(sub(x0, reshape(constant(goal), [1, 1, 1]))), [1, 2]), -strength),
  };
}

/** sqrt(alphaBar), sqrt(1 - alphaBar) of the level and of the next, step after step of a full-sequence walk. */
function* stepsOf({ levels, timesteps, diffusion }: Sampler): Iterable<[number, number, number, number]> {
  const { signal, noise } = diffusion.process.path!;
  for (let index = timesteps; index > 0; index--) {
    const [now, next] = [levels[index]!, levels[index - 1]!];
    yield [signal[now]!, noise[now]!, signal[next]!, noise[next]!];
  }
}

type Affine = readonly [slope: number, offset: number];

/** Where a deterministic walk ends whose predicted noise is affine in the token: end = slope * start + offset. */
function affineWalk(sampler: Sampler, eps: (a: number, n: number) => Affine): Affine {
  let [slope, offset] = [1, 0];
  for (const [a, n, b, c] of stepsOf(sampler)) {
    const [epsSlope, epsOffset] = eps(a, n);
    const stepSlope = (b * (1 - n * epsSlope)) / a + c * epsSlope;
    const stepOffset = (-b * n * epsOffset) / a + c * epsOffset;
    [slope, offset] = [stepSlope * slope, stepSlope * offset + stepOffset];
  }
  return [slope, offset];
}

describe("guidance by a quadratic reward", () => {
  // One token N(0, v), whose denoiser is x0 = f x: eps' = (x - a f x) / n + n 2 s (f x - g) f.
  const [variance, strength, goal, timesteps] = [0.25, 1.5, 0.8, 40];
  const diffusion = gaussianSequence({ mean: [0], covariance: [[variance]] });
  const tokens = tensor(new Float32Array(50), [50, 1, 1]);
  createRandom(41).fillNormal(tokens.data);

  /** The largest distance of a guided sample from the closed form. */
  async function distance(guidance: Guidance): Promise<number> {
    const sampler = samplerOf(diffusion, { timesteps, guidance });
    const rows = schedulingMatrix(fullSequence(), timesteps, 1).rows;
    const { data } = await sampler.denoise({ tokens, rows, seed: 0 });
    const [slope, offset] = affineWalk(sampler, (a, n) => {
      const f = (a * variance) / (a * a * variance + n * n);
      return [(1 - a * f) / n + n * 2 * strength * f * f, -n * 2 * strength * goal * f];
    });
    return Math.max(...Array.from(data, (value, i) => Math.abs(value - slope * tokens.data[i]! - offset)));
  }

  it("moves every sample by the closed form of the walk", async ({ task }) => {
    checkLaw(task, {
      law: "A quadratic reward moves every sample by the closed form of the guided walk",
      statistic: "largest distance",
      found: await distance(towards(goal, strength, { samples: 1, gain: tweedie })),
      within: [0, 1e-3],
      broken: {
        "the process's own gain, smaller where little signal is left": await distance(
          towards(goal, strength, { samples: 1 }),
        ),
        "no guidance": await distance(towards(goal, 0, { samples: 1, gain: tweedie })),
      },
    });
  });

  it.each([1, 3])("moves the mean towards the goal, the more the stronger, over %d futures", async (samples) => {
    const pair = gaussianSequence(autoregressiveLaw(2, 0, 0.5));
    const means: number[] = [];
    for (const [end, force] of [
      [1, 0],
      [1, 1],
      [1, 2],
      [-1, 2],
    ] as const) {
      const guidance = towards(end, force, { samples });
      const sampler = samplerOf(pair, { timesteps: 20, guidance });
      const noise = tensor(new Float32Array(200), [100, 2, 1]);
      createRandom(11).fillNormal(noise.data);
      const rows = schedulingMatrix(pyramid({ uncertainty: 1 }), 20, 2).rows;
      const { data } = await sampler.denoise({ tokens: noise, rows, seed: 12 });
      means.push(Array.from(data).reduce((total, x) => total + x, 0) / 200);
    }
    const [without, weak, strong, opposite] = means as [number, number, number, number];
    expect(Math.abs(without)).toBeLessThan(0.12); // 0.5 / sqrt(200) = 0.035
    expect(weak - without).toBeGreaterThan(0.1);
    expect(strong).toBeGreaterThan(weak);
    expect(strong).toBeLessThan(1.05);
    expect(opposite - without).toBeLessThan(-0.1);
  });
});

describe("history guidance", () => {
  // The second of two standard normal tokens of correlation r; the first is known to be h. With the history it is
  // N(r h, 1 - r^2), without N(0, 1), and the guided noise is eps_none + w (eps_history - eps_none).
  const [correlation, history, scale, timesteps, count] = [0.8, 1.2, 2.5, 40, 50];
  const diffusion = gaussianSequence({
    mean: [0, 0],
    covariance: [
      [1, correlation],
      [correlation, 1],
    ],
  });
  const tokens = tensor(new Float32Array(2 * count), [count, 2, 1]);
  createRandom(43).fillNormal(tokens.data);
  for (let b = 0; b < count; b++) tokens.data[2 * b] = history;

  async function distance(options: Partial<SamplerOptions>): Promise<number> {
    const sampler = samplerOf(diffusion, { timesteps, ...options });
    const rows = Array.from({ length: timesteps + 1 }, (_, m) => [0, timesteps - m]);
    const { data } = await sampler.denoise({ tokens, rows, seed: 44 });
    const eps = (mean: number, variance: number, a: number, n: number): Affine => {
      const gain = (a * variance) / (a * a * variance + n * n);
      // x0 = mean + gain (x - a mean), eps = (x - a x0) / n.
      return [(1 - a * gain) / n, (-a * mean * (1 - a * gain)) / n];
    };
    const [slope, offset] = affineWalk(sampler, (a, n) => {
      const [informed, none] = [eps(correlation * history, 1 - correlation ** 2, a, n), eps(0, 1, a, n)];
      return [none[0] + scale * (informed[0] - none[0]), none[1] + scale * (informed[1] - none[1])];
    });
    const ends = Array.from({ length: count }, (_, b) =>
      Math.abs(data[2 * b + 1]! - slope * tokens.data[2 * b + 1]! - offset),
    );
    return Math.max(...ends);
  }

  it("moves every sample by the closed form of the walk", async ({ task }) => {
    checkLaw(task, {
      law: "Vanilla history guidance moves every sample by the closed form of the combined scores",
      statistic: "largest distance",
      found: await distance({ scores: vanillaHistoryGuidance({ scale }) }),
      within: [0, 1e-3],
      broken: {
        "plain sampling": await distance({}),
        "another scale": await distance({ scores: vanillaHistoryGuidance({ scale: scale - 0.5 }) }),
      },
    });
  });
});

describe("a rollout 20 times past the training length, its denoiser slightly wrong", () => {
  // Trained on pairs; what it learned of the next token is 1.05 times the last instead of 0.95: errors grow.
  const wrong = gaussianSequence({
    mean: [0, 0],
    covariance: [
      [1, 1.05],
      [1.05, 1.05 ** 2 + 0.05],
    ],
  });
  const farthest = async (stabilizationLevel: number): Promise<number> => {
    const sampler = samplerOf(wrong, { timesteps: 10, stabilizationLevel });
    const context = tensor([1], [1, 1, 1]);
    let largest = 0;
    for await (const { tokens } of sampler.rollout({ context, length: 160, window: 2, seed: 61 })) {
      largest = Math.max(largest, Math.abs(tokens.data[0]!));
    }
    return largest;
  };

  it("stays bounded when it takes its own tokens for slightly noisy", async ({ task }) => {
    const level = wrong.process.path!.signal.findIndex((alpha) => alpha ** 2 < 0.88);
    checkLaw(task, {
      law: "A rollout 80 windows long stays bounded under a slightly wrong denoiser",
      statistic: "largest absolute value of 160 tokens",
      found: await farthest(level),
      within: [0, 6],
      broken: { "without stabilisation": await farthest(0) },
    });
  });
});
