import { describe, expect, it } from "vitest";
import { constant, mul, reshape, square, sub, sum } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import type { DiffusionProcess } from "../process/loss.js";
import { checkLaw } from "../testing/law.js";
import { autoregressiveLaw, gaussianMixture, gaussianSequence } from "../testing/oracles/index.js";
import { silentStream } from "../testing/silent-stream.js";
import type { Guidance } from "./guidance.js";
import { fullSequence, pyramid, schedulingMatrix } from "./matrix-shapes.js";
import { Sampler, type SamplerOptions } from "./sampler.js";
import { vanillaHistoryGuidance } from "./scores/index.js";

const backend = referenceBackend();

/** -strength (x0 - goal)^2, summed over tokens. */
function towards(goal: number, strength: number, options: Pick<Guidance, "samples" | "factor">): Guidance {
  return {
    ...options,
    value: (x0) => mul(sum(square(sub(x0, reshape(constant(goal), [1, 1, 1]))), [1, 2]), -strength),
  };
}

/** sqrt(alphaBar), sqrt(1 - alphaBar) of the level and of the next, step after step of a full-sequence walk. */
function* stepsOf(process: DiffusionProcess, { levels, steps }: Sampler): Iterable<[number, number, number, number]> {
  const { alphasCumprod } = process.schedule.tables;
  for (let index = steps; index > 0; index--) {
    const [now, next] = [alphasCumprod[levels[index]!]!, alphasCumprod[levels[index - 1]!]!];
    yield [Math.sqrt(now), Math.sqrt(1 - now), Math.sqrt(next), Math.sqrt(1 - next)];
  }
}

type Affine = readonly [slope: number, offset: number];

/** Where a deterministic walk ends whose predicted noise is affine in the token: end = slope * start + offset. */
function affineWalk(process: DiffusionProcess, sampler: Sampler, eps: (a: number, n: number) => Affine): Affine {
  let [slope, offset] = [1, 0];
  for (const [a, n, b, c] of stepsOf(process, sampler)) {
    const [epsSlope, epsOffset] = eps(a, n);
    const stepSlope = (b * (1 - n * epsSlope)) / a + c * epsSlope;
    const stepOffset = (-b * n * epsOffset) / a + c * epsOffset;
    [slope, offset] = [stepSlope * slope, stepSlope * offset + stepOffset];
  }
  return [slope, offset];
}

describe("guidance by a quadratic reward", () => {
  // One token N(0, v), whose denoiser is x0 = f x: eps' = (x - a f x) / n + n 2 s (f x - g) f.
  const [variance, strength, goal, steps] = [0.25, 1.5, 0.8, 40];
  const process = gaussianSequence({ mean: [0], covariance: [[variance]] });
  const tokens = tensor(new Float32Array(50), [50, 1, 1]);
  createRandom(41).fillNormal(tokens.data);

  /** The largest distance of a guided sample from the closed form. */
  async function distance(guidance: Guidance): Promise<number> {
    const sampler = new Sampler(process, { backend, parameters: {}, steps, guidance });
    const rows = schedulingMatrix(fullSequence(), steps, 1).rows;
    const { data } = await sampler.denoiseToEnd({ tokens, rows, random: createRandom(0) });
    const [slope, offset] = affineWalk(process, sampler, (a, n) => {
      const f = (a * variance) / (a * a * variance + n * n);
      return [(1 - a * f) / n + n * 2 * strength * f * f, -n * 2 * strength * goal * f];
    });
    return Math.max(...Array.from(data, (value, i) => Math.abs(value - slope * tokens.data[i]! - offset)));
  }

  it("moves every sample by the closed form of the walk", async ({ task }) => {
    checkLaw(task, {
      law: "A quadratic reward moves every sample by the closed form of the guided walk",
      statistic: "largest distance",
      found: await distance(towards(goal, strength, { samples: 1 })),
      within: [0, 1e-3],
      broken: {
        "the gradient scaled by the next level's noise": await distance(
          towards(goal, strength, { samples: 1, factor: "next" }),
        ),
        "no guidance": await distance(towards(goal, 0, { samples: 1 })),
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
      const sampler = new Sampler(pair, { backend, parameters: {}, steps: 20, guidance });
      const noise = tensor(new Float32Array(200), [100, 2, 1]);
      createRandom(11).fillNormal(noise.data);
      const rows = schedulingMatrix(pyramid({ uncertainty: 1 }), 20, 2).rows;
      const { data } = await sampler.denoiseToEnd({ tokens: noise, rows, random: createRandom(12) });
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
  const [correlation, history, scale, steps, count] = [0.8, 1.2, 2.5, 40, 50];
  const process = gaussianSequence({
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
    const sampler = new Sampler(process, { backend, parameters: {}, steps, ...options });
    const rows = Array.from({ length: steps + 1 }, (_, m) => [0, steps - m]);
    const { data } = await sampler.denoiseToEnd({ tokens, rows, random: createRandom(44) });
    const eps = (mean: number, variance: number, a: number, n: number): Affine => {
      const gain = (a * variance) / (a * a * variance + n * n);
      // x0 = mean + gain (x - a mean), eps = (x - a x0) / n.
      return [(1 - a * gain) / n, (-a * mean * (1 - a * gain)) / n];
    };
    const [slope, offset] = affineWalk(process, sampler, (a, n) => {
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

describe("deterministic sampling", () => {
  /** The slope of log y on log x, by least squares. */
  function logSlope(x: readonly number[], y: readonly number[]): number {
    const [u, v] = [x.map(Math.log), y.map(Math.log)];
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    const [mu, mv] = [mean(u), mean(v)];
    const shared = u.reduce((total, value, i) => total + (value - mu) * (v[i]! - mv), 0);
    return shared / u.reduce((total, value) => total + (value - mu) ** 2, 0);
  }
  const counts = [12, 25, 50, 100];

  async function end(process: DiffusionProcess, tokens: HostTensor, steps: number, options = {}) {
    const sampler = new Sampler(process, { backend, parameters: {}, steps, ...options });
    const { rows } = schedulingMatrix(fullSequence(), steps, tokens.shape[1]!);
    return (await sampler.denoiseToEnd({ tokens, rows, random: silentStream })).data;
  }
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Math.sqrt(Array.from(a, (x, i) => (x - b[i]!) ** 2).reduce((p, q) => p + q));

  it("converges to the probability flow of a Gaussian at order 1", async ({ task }) => {
    // That flow only rescales: x0 = s x / sqrt(a s^2 + 1 - a).
    const variance = 0.25;
    const process = gaussianSequence({ mean: [0], covariance: [[variance]] });
    const tokens = tensor(new Float32Array(20), [20, 1, 1]);
    createRandom(11).fillNormal(tokens.data);
    const alpha = process.schedule.tables.alphasCumprod[process.schedule.levels]!;
    const scale = Math.sqrt(variance / (alpha * variance + 1 - alpha));
    const truth = Array.from(tokens.data, (x) => scale * x);
    const order = async (options: Partial<SamplerOptions>) => {
      const errors: number[] = [];
      for (const steps of counts) errors.push(distance(await end(process, tokens, steps, options), truth));
      return -logSlope(counts, errors);
    };
    checkLaw(task, {
      law: "DDIM converges to the probability flow of a Gaussian at order 1 in the number of steps",
      statistic: "order, by regression over 12 to 100 steps",
      found: await order({}),
      within: [0.8, 1.3],
      broken: { "eta 1, its noise left out": await order({ eta: 1 }) },
    });
  });

  it("converges to the probability flow of a mixture at order 1", async ({ task }) => {
    const process = gaussianMixture({
      components: [
        {
          weight: 0.4,
          mean: [-1, 0.5],
          covariance: [
            [0.2, 0],
            [0, 0.2],
          ],
        },
        {
          weight: 0.6,
          mean: [1, -0.5],
          covariance: [
            [0.3, 0],
            [0, 0.3],
          ],
        },
      ],
    });
    const tokens = tensor(new Float32Array(40), [20, 2, 1]);
    createRandom(51).fillNormal(tokens.data);
    const finest = await end(process, tokens, 1000);
    const order = async (options: Partial<SamplerOptions>) => {
      const errors: number[] = [];
      for (const steps of counts) errors.push(distance(await end(process, tokens, steps, options), finest));
      return -logSlope(counts, errors);
    };
    checkLaw(task, {
      law: "DDIM converges to the probability flow of a mixture (1,000 steps) at order 1 in the number of steps",
      statistic: "order, by regression over 12 to 100 steps",
      found: await order({}),
      within: [0.8, 1.4],
      broken: { "eta 1, its noise left out": await order({ eta: 1 }) },
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
    const sampler = new Sampler(wrong, { backend, parameters: {}, steps: 10, stabilizationLevel });
    const context = tensor([1], [1, 1, 1]);
    let largest = 0;
    for await (const { data } of sampler.rollout({ context, length: 160, window: 2, random: createRandom(61) })) {
      largest = Math.max(largest, Math.abs(data[0]!));
    }
    return largest;
  };

  it("stays bounded when it takes its own tokens for slightly noisy", async ({ task }) => {
    const level = wrong.schedule.tables.alphasCumprod.findIndex((alpha) => alpha < 0.88);
    checkLaw(task, {
      law: "A rollout 80 windows long stays bounded under a slightly wrong denoiser",
      statistic: "largest absolute value of 160 tokens",
      found: await farthest(level),
      within: [0, 6],
      broken: { "without stabilisation": await farthest(0) },
    });
  });
});
