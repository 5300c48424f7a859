import { describe, expect, it } from "vitest";
import type { Diffusion } from "../../diffusion/diffusion.js";
import {
  cast,
  concat,
  constant,
  floor,
  mul,
  reshape,
  slice,
  square,
  stopGradient,
  sub,
  sum,
} from "../../engine/graph/operations.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import type { ModelInput, ModelMemory } from "../../models/model.js";
import { recurrent } from "../../models/recurrent/index.js";
import { cosineSchedule, linearSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import { checkLaw } from "../../testing/law.js";
import { autoregressiveModel, kalmanFilter } from "../../testing/oracles/index.js";
import { kolmogorovSmirnov, normalDistribution } from "../../testing/statistics.js";
import type { BatchSource } from "../../training/batch.js";
import { train } from "../../training/train.js";
import type { Guidance } from "../guidance/gradient.js";
import { recordedNoise } from "../noise-source.js";
import { autoregressive, pyramid, schedulingMatrix } from "../plan/matrix-shapes.js";
import { Sampler, type SamplerOptions } from "../sampler.js";
import { ddim } from "../solvers/ddim.js";

// The exact recurrent denoiser of an autoregression is a Kalman filter. Given it, or one that reads slightly wrongly, what
// a rollout that keeps its state does is known.

const samplerOf = (diffusion: Diffusion, options: Partial<SamplerOptions>): Sampler =>
  new Sampler(diffusion, { backend: referenceBackend(), parameters: {}, ...options });

/** Token t of a chunk alone. */
const part = (input: ModelInput, t: number): ModelInput => ({
  ...input,
  tokens: slice(input.tokens, 1, t, t + 1),
  noiseLevels: slice(input.noiseLevels, 1, t, t + 1),
});

/** The diffusion with another way to take in tokens. */
function reading<D extends Diffusion>(diffusion: D, advance: ModelMemory["advance"]): D {
  const memory = { ...(diffusion.model.memory as ModelMemory), advance };
  return { ...diffusion, model: { ...diffusion.model, memory } };
}

describe("rollouts of the exact filter", () => {
  const [correlation, deviation, length, count] = [0.8, 0.6, 6, 250];
  const exact = kalmanFilter(autoregressiveModel(correlation, deviation));
  const apart = kalmanFilter(autoregressiveModel(0, deviation / Math.sqrt(1 - correlation ** 2)));
  const toldHalf = reading(exact, (parameters, state, input) => {
    const noiseLevels = cast(floor(mul(cast(input.noiseLevels, "float32"), 0.5)), "int32");
    return exact.model.memory.advance(parameters, state, { ...input, noiseLevels });
  });

  /** The smallest probability of: a token's innovation, given its past, being normal; Bonferroni-corrected. */
  async function innovationsFit(diffusion: Diffusion, chunk: number, eta: number): Promise<number> {
    const sampler = samplerOf(diffusion, { timesteps: 40, solver: ddim({ eta }), stabilizationLevel: 0 });
    const fits: number[] = [];
    let before = new Array<number>(count).fill(0);
    const rollout = sampler.rollout({ batch: count, length, chunk, matrix: autoregressive(), seed: 81 });
    for await (const { tokens } of rollout) {
      for (let t = 0; t < chunk; t++) {
        const now = Array.from({ length: count }, (_, b) => tokens.data[b * chunk + t]!);
        const scale = fits.length === 0 ? Math.sqrt(1 - correlation ** 2) : 1;
        const innovations = now.map((x, b) => scale * x - correlation * before[b]!);
        fits.push(kolmogorovSmirnov(innovations, (x) => normalDistribution(x / deviation)));
        before = now;
      }
    }
    await sampler.dispose();
    return Math.min(1, fits.length * Math.min(...fits));
  }

  it.for([
    [1, 0],
    [1, 1],
    [2, 1],
  ] as const)("follow the joint law, chunks of %d, eta %d", async ([chunk, eta], { task }) => {
    checkLaw(task, {
      law: `Rollouts of a recurrent model follow the joint law: chunks of ${chunk}, one token after the other, eta ${eta}`,
      statistic: "p, Kolmogorov-Smirnov, of each token's innovation",
      found: await innovationsFit(exact, chunk, eta),
      within: [1e-3, 1],
      broken: {
        "tokens taken for independent": await innovationsFit(apart, chunk, eta),
        "half of the levels told": await innovationsFit(toldHalf, chunk, eta),
      },
    });
  });
});

describe("a recurrent rollout 20 times past the training length, its memory slightly wrong", () => {
  // Every token goes into the state 8 % too large. What it trusts in full it then carries on with 1.08 * 0.95 > 1: 1.3
  // over ten tokens, 170 over two hundred. Where it gives a token half of the weight, the state's own prediction keeps
  // the other half, and the factor is 1.04 * 0.95 < 1.
  const trained = 10;
  const exact = kalmanFilter(autoregressiveModel(0.95, Math.sqrt(1 - 0.95 ** 2)));
  const { advance } = exact.model.memory;
  const wrong = reading(exact, (parameters, state, input) => ({
    output: advance(parameters, state, input).output,
    memory: advance(parameters, state, { ...input, tokens: mul(input.tokens, 1.08) }).memory,
  }));

  async function farthest(stabilizationLevel: number, length: number): Promise<number> {
    const sampler = samplerOf(wrong, { timesteps: 10, solver: ddim({ eta: 1 }), stabilizationLevel });
    let largest = 0;
    for await (const { tokens } of sampler.rollout({ batch: 16, length, seed: 82 })) {
      largest = Math.max(largest, ...Array.from(tokens.data, Math.abs));
    }
    return largest;
  }

  it("stays bounded when it takes its own tokens for slightly noisy", async ({ task }) => {
    const level = wrong.process.path!.signal.findIndex((alpha) => alpha ** 2 < 0.85);
    const [found, trusted] = [await farthest(level, 20 * trained), await farthest(0, 20 * trained)];
    checkLaw(task, {
      law: "A recurrent rollout 20 times past the training length stays bounded under a slightly wrong memory",
      statistic: "largest absolute value of 16 sequences of 200 tokens of variance 1",
      found,
      within: [0, 8],
      broken: { "without stabilisation": trusted },
    });
    checkLaw(task, {
      law: "Up to the training length the wrong memory is hardly noticed",
      statistic: "largest absolute value of 16 sequences of 10 tokens of variance 1",
      found: await farthest(0, trained),
      within: [0, 8],
      broken: { "20 times past it": trusted },
    });
  });
});

describe("guidance of a chunk by a quadratic reward", () => {
  const [correlation, variance, strength, goal, timesteps, count] = [0.9, 0.25, 1.5, 0.8, 40, 30];
  const filtered = autoregressiveModel(correlation, Math.sqrt(variance * (1 - correlation ** 2)));
  const process = variancePreserving(linearSchedule(1000), { objective: "x0", limit: { kind: "none" } });
  const exact = kalmanFilter(filtered, { process });
  const { signal, noise } = process.path!;
  const guidance: Guidance = {
    samples: 1,
    // Tweedie's factor: the guided noise is then eps - sigma slope.
    gain: () => signal.map((alpha, k) => noise[k]! ** 2 / alpha),
    reward: (x0) => mul(sum(square(sub(x0, reshape(constant(goal), [1, 1, 1]))), [1, 2]), -strength),
  };
  const starts = new Float32Array(2 * count);
  createRandom(92).fillNormal(starts);

  /** Two tokens from where they start, by the closed form of each step, in doubles. */
  function walked(levels: Int32Array, start: readonly [number, number]): number[] {
    const y: [number, number] = [...start];
    const { rows } = schedulingMatrix(pyramid({ uncertainty: 5 }), timesteps, 2);
    for (let m = 1; m < rows.length; m++) {
      const levelOf = (row: Int32Array | undefined, t: number): number => levels[row![t]!]!;
      const a = [0, 1].map((t) => signal[levelOf(rows[m - 1], t)]!);
      const spread = a.map((x) => 1 - x * x);
      // E[x_0 | y_0] = f y_0, and E[x_1 | y_0, y_1] = g y_0 + h y_1: regression on two sights.
      const [s00, s11] = [a[0]! ** 2 * variance + spread[0]!, a[1]! ** 2 * variance + spread[1]!];
      const s01 = a[0]! * a[1]! * correlation * variance;
      const [k0, k1] = [a[0]! * correlation * variance, a[1]! * variance];
      const determinant = s00 * s11 - s01 * s01;
      const f = (a[0]! * variance) / s00;
      const [g, h] = [(k0 * s11 - k1 * s01) / determinant, (k1 * s00 - k0 * s01) / determinant];
      const x0 = [f * y[0], g * y[0] + h * y[1]];
      const pull = x0.map((x) => -2 * strength * (x - goal));
      const slope = [pull[0]! * f + pull[1]! * g, pull[1]! * h];
      for (const t of [0, 1]) {
        if (rows[m]![t] === rows[m - 1]![t]) continue;
        const n = Math.sqrt(spread[t]!);
        const eps = (y[t]! - a[t]! * x0[t]!) / n - n * slope[t]!;
        const next = signal[levelOf(rows[m], t)]!;
        y[t] = (next * (y[t]! - n * eps)) / a[t]! + Math.sqrt(1 - next * next) * eps;
      }
    }
    return y;
  }

  /** The largest difference of a sampler's tokens from the closed form. */
  async function difference(diffusion: Diffusion, options: Partial<SamplerOptions>): Promise<number> {
    const sampler = samplerOf(diffusion, { timesteps, stabilizationLevel: 0, ...options });
    const matrix = pyramid({ uncertainty: 5 });
    const rollout = sampler.rollout({ batch: count, length: 2, chunk: 2, matrix, seed: recordedNoise(() => starts) });
    const { value } = await rollout.next();
    const { data } = (value as { tokens: { data: ArrayLike<number> } }).tokens;
    await rollout.return(undefined);
    const errors = Array.from({ length: count }, (_, b) => {
      const expected = walked(sampler.levels, [starts[2 * b]!, starts[2 * b + 1]!]);
      return Math.max(...expected.map((x, t) => Math.abs(data[2 * b + t]! - x)));
    });
    return Math.max(...errors);
  }

  it("moves every sample by the closed form of the walk, through the states between tokens", async ({ task }) => {
    const { advance } = exact.model.memory;
    // Token by token, and nothing of a token's slope reaches the one before it.
    const cut = reading(exact, (weights, memory, input) => {
      const state = stopGradient(memory.state!);
      const first = advance(weights, { state }, part(input, 0));
      const second = advance(weights, { state: stopGradient(first.memory.state!) }, part(input, 1));
      return { output: concat([first.output, second.output], 1), memory: second.memory };
    });
    checkLaw(task, {
      law: "A quadratic reward moves a recurrent model's chunk by the closed form of the guided walk",
      statistic: "largest difference over 30 samples of 2 tokens",
      found: await difference(exact, { guidance }),
      within: [0, 1e-3],
      broken: {
        "gradient cut between tokens": await difference(cut, { guidance }),
        "no guidance": await difference(exact, {}),
        "the process's own gain": await difference(exact, { guidance: { samples: 1, reward: guidance.reward } }),
      },
    });
  });

  it("that wants nothing changes nothing", async () => {
    const nothing: Guidance = { samples: 1, reward: (x0) => mul(sum(x0, [1, 2]), 0) };
    const options = { timesteps: 6, stabilizationLevel: 3 };
    const given = { batch: 3, length: 5, chunk: 3, seed: 93 };
    const found = samplerOf(exact, { ...options, guidance: nothing }).rollout(given);
    for await (const { tokens, snapshot } of samplerOf(exact, options).rollout(given)) {
      const guided = (await found.next()).value!;
      const [plain, steered] = [await snapshot(), await guided.snapshot()];
      for (const [name, a, b] of [
        ["tokens", guided.tokens, tokens],
        ["state", steered.memory!.state!, plain.memory!.state!],
      ] as const) {
        expect(a.shape).toEqual(b.shape);
        expect(Array.from(a.data), name).toEqual(Array.from(b.data, (x) => expect.closeTo(x, 4)));
      }
    }
  });
});

describe("a recurrent model trained on six tokens", () => {
  const LENGTH = 6;
  const diffusion: Diffusion = {
    model: recurrent({ features: 1, stateSize: 12, width: 8 }),
    process: variancePreserving(cosineSchedule(20), { noiseClip: 6 }),
    lossWeighting: { kind: "min-snr", clip: 5 },
  };

  /** x_t = 0.8 x_{t-1} + 0.6 e_t: variance 1, correlation 0.8. */
  const autoregression: BatchSource = (_, random) => {
    const values: number[] = [];
    for (let sample = 0; sample < 32; sample++) {
      let x = random.normal();
      for (let t = 0; t < LENGTH; t++) {
        values.push(x);
        x = 0.8 * x + 0.6 * random.normal();
      }
    }
    return { tokens: tensor(values, [32, LENGTH, 1]) };
  };

  /** Over all samples: the mean square, and that of neighbours relative to it. */
  function moments(tokens: readonly Float32Array[]): { variance: number; correlation: number } {
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = mean(tokens.flatMap((token) => Array.from(token, (x) => x * x)));
    const products = tokens.slice(1).flatMap((token, t) => Array.from(token, (x, b) => x * (tokens[t]?.[b] as number)));
    return { variance, correlation: mean(products) / variance };
  }

  it("goes on for twenty times as many, bounded, with the law's variance and memory", async ({ task }) => {
    const { parameters } = await train(diffusion, {
      backend: referenceBackend(),
      batches: autoregression,
      steps: 400,
      seed: 2,
      optimizer: { learningRate: 0.01 },
      emaDecay: false,
    });
    const sampler = samplerOf(diffusion, { parameters, timesteps: 5, solver: ddim({ eta: 1 }) });
    const tokens: Float32Array[] = [];
    for await (const part of sampler.rollout({ batch: 64, length: 20 * LENGTH, seed: 4 })) {
      tokens.push(part.tokens.data as Float32Array);
    }
    // The broken variant: a model whose memory is cut after every token.
    const forgetful: Float32Array[] = [];
    for (let t = 0; t < LENGTH; t++) {
      const { value } = await sampler.rollout({ batch: 64, length: 1, seed: 100 + t }).next();
      forgetful.push(value!.tokens.data as Float32Array);
    }
    expect(Math.max(...tokens.flatMap((token) => Array.from(token, Math.abs)))).toBeLessThan(6);
    // So short a training and five steps do not reach variance 1 and correlation 0.8.
    const late = moments(tokens.slice(-LENGTH));
    expect(late.variance).toBeGreaterThan(0.3);
    expect(late.variance).toBeLessThan(1.5);
    checkLaw(task, {
      law: "A trained recurrent model remembers, twenty times past its training length",
      statistic: "correlation of neighbours, 64 sequences",
      found: late.correlation,
      within: [0.6, 0.95],
      broken: { "memory cut after every token": moments(forgetful).correlation },
    });
  });
});
