import { describe, expect, it } from "vitest";
import type { DiffusionProcess } from "../diffusion/loss.js";
import { cast, constant, floor, mul, reshape, square, sub, sum } from "../graph/operations.js";
import type { Value } from "../graph/value.js";
import { createRandom, type RandomStream } from "../random/index.js";
import { referenceBackend } from "../reference/index.js";
import { tensor } from "../tensor/tensor.js";
import { autoregressiveLaw, gaussianMixture, gaussianSequence } from "../testing/oracles/index.js";
import { kolmogorovSmirnov, normalDistribution } from "../testing/statistics.js";
import type { Guidance } from "./guidance.js";
import {
  autoregressive,
  fullSequence,
  type MatrixShape,
  pyramid,
  schedulingMatrix,
  trapezoid,
} from "./matrix-shapes.js";
import { Sampler, type SamplerOptions } from "./sampler.js";

// Samplers that are given the exact denoiser of a law have to sample that law, jointly, whatever the matrix, the solver
// and the context. Significance 1e-3; each test has a broken variant that it must catch.

const correlation = 0.8;
const deviation = 0.6;
const length = 4;
const count = 250;
const steps = 40;
const exact = gaussianSequence(autoregressiveLaw(length, correlation, deviation));
const significance = 1e-3;

interface Walk {
  readonly shape: MatrixShape;
  readonly context: number;
  readonly options?: Partial<SamplerOptions>;
  readonly random?: RandomStream;
}

/** Sequences of the law, of whose last tokens nothing is left but noise. */
function startingPoint(context: number): Float32Array {
  const data = new Float32Array(count * length);
  createRandom(21).fillNormal(data);
  for (let b = 0; b < count; b++) {
    for (let t = 0; t < context; t++) {
      const at = b * length + t;
      data[at]! *= deviation * (t === 0 ? 1 / Math.sqrt(1 - correlation ** 2) : 1);
      if (t > 0) data[at]! += correlation * data[at - 1]!;
    }
  }
  return data;
}

async function sample(process: DiffusionProcess, { shape, context, options, random }: Walk): Promise<Float32Array> {
  const sampler = new Sampler(process, { backend: referenceBackend(), parameters: {}, steps, ...options });
  const { rows } = schedulingMatrix(shape, steps, length - context);
  const result = await sampler.denoiseToEnd({
    tokens: tensor(startingPoint(context), [count, length, 1]),
    rows: rows.map((row) => [...new Array<number>(context).fill(0), ...row]),
    random: random ?? createRandom(22),
  });
  return result.data as Float32Array;
}

/** The smallest probability of: each new token's innovation, given its past, being standard normal. */
function innovationsFit(data: Float32Array, context: number): number {
  const probabilities: number[] = [];
  for (let t = context; t < length; t++) {
    const innovations = Array.from({ length: count }, (_, b) => {
      const at = b * length + t;
      if (t === 0) return (data[at]! * Math.sqrt(1 - correlation ** 2)) / deviation;
      return (data[at]! - correlation * data[at - 1]!) / deviation;
    });
    probabilities.push(kolmogorovSmirnov(innovations, normalDistribution));
  }
  // Bonferroni: as many chances as tokens.
  return Math.min(...probabilities) * probabilities.length;
}

const shapes: [string, MatrixShape][] = [
  ["full sequence", fullSequence()],
  ["pyramid", pyramid({ uncertainty: 1 })],
  ["autoregressive", autoregressive()],
  ["trapezoid", trapezoid({ uncertainty: 1 })],
];
const solvers: [string, Partial<SamplerOptions>][] = [
  ["DDIM, eta 0", { eta: 0 }],
  ["DDIM, eta 1", { eta: 1 }],
  ["DDPM", { solver: "ddpm", variance: 1 }],
];

describe.each(shapes)("the joint law by the matrix %s", (_name, shape) => {
  describe.each(solvers)("with %s", (_solver, options) => {
    it.each([0, 1, 2])("holds after %d tokens of context", async (context) => {
      const data = await sample(exact, { shape, context, options });
      expect(innovationsFit(data, context)).toBeGreaterThan(significance);
    });
  });

  it("is missed by a denoiser that takes tokens for independent", async () => {
    const variance = deviation ** 2 / (1 - correlation ** 2);
    const covariance = Array.from({ length }, (_, i) => Array.from({ length }, (_, j) => (i === j ? variance : 0)));
    const apart = gaussianSequence({ mean: new Array<number>(length).fill(0), covariance });
    expect(innovationsFit(await sample(apart, { shape, context: 0 }), 0)).toBeLessThan(significance);
  });

  it("is missed by random solvers whose noise is left out", async () => {
    const silent = { split: () => silent, fillNormal: () => {} } as unknown as RandomStream;
    for (const options of [{ eta: 1 }, { solver: "ddpm", variance: 1 }] as const) {
      const data = await sample(exact, { shape, context: 0, options, random: silent });
      expect(innovationsFit(data, 0)).toBeLessThan(significance);
    }
  });

  it("is missed by a denoiser that is told half of the levels", async () => {
    const { model } = exact;
    const shifted: DiffusionProcess = {
      ...exact,
      model: {
        ...model,
        apply: (parameters, input) => model.apply(parameters, { ...input, noiseLevels: halved(input.noiseLevels) }),
      },
    };
    expect(innovationsFit(await sample(shifted, { shape, context: 0 }), 0)).toBeLessThan(significance);
  });
});

function halved(levels: Value): Value {
  return cast(floor(mul(cast(levels, "float32"), 0.5)), "int32");
}

describe("conditioning on a clean, a noisy and a missing token", () => {
  const { levels } = new Sampler(exact, { backend: referenceBackend(), parameters: {}, steps });
  const noisyIndex = 15;
  const [clean, noisy] = [1.5, -0.4];

  /** Mean and variance of token 2 given token 0 and a noisy sight of token 1: a small regression in doubles. */
  function conditional(): { mean: number; variance: number } {
    const { covariance } = autoregressiveLaw(length, correlation, deviation);
    const c = (i: number, j: number) => covariance[i]![j]!;
    const alpha = exact.schedule.tables.alphasCumprod[levels[noisyIndex]!]!;
    const a = Math.sqrt(alpha);
    const [s00, s01, s11] = [c(0, 0), a * c(0, 1), alpha * c(1, 1) + 1 - alpha];
    const determinant = s00 * s11 - s01 * s01;
    const [k0, k1] = [c(2, 0), a * c(2, 1)];
    const w0 = (k0 * s11 - k1 * s01) / determinant;
    const w1 = (k1 * s00 - k0 * s01) / determinant;
    return { mean: w0 * clean + w1 * noisy, variance: c(2, 2) - w0 * k0 - w1 * k1 };
  }

  async function moments(told: number): Promise<{ mean: number; variance: number }> {
    const sampler = new Sampler(exact, { backend: referenceBackend(), parameters: {}, steps });
    const data = new Float32Array(count * 4 * length);
    createRandom(31).fillNormal(data);
    for (let b = 0; b < count * 4; b++) [data[b * length], data[b * length + 1]] = [clean, noisy];
    const rows = Array.from({ length: steps + 1 }, (_, m) => [0, told, steps - m, steps]);
    const result = await sampler.denoiseToEnd({
      tokens: tensor(data, [count * 4, length, 1]),
      rows,
      random: createRandom(32),
    });
    const third = Array.from({ length: count * 4 }, (_, b) => result.data[b * length + 2]!);
    const mean = third.reduce((total, x) => total + x, 0) / third.length;
    return { mean, variance: third.reduce((total, x) => total + (x - mean) ** 2, 0) / (third.length - 1) };
  }

  it("gives the true conditional mean and variance", async () => {
    const [found, expected] = [await moments(noisyIndex), conditional()];
    // 3.3 standard errors of a mean and of a variance of 1,000 draws, and 2 % for the 40 steps.
    expect(Math.abs(found.mean - expected.mean)).toBeLessThan(3.3 * Math.sqrt(expected.variance / 1000) + 0.02);
    const error = 3.3 * Math.sqrt(2 / 1000) + 0.02;
    expect(Math.abs(found.variance / expected.variance - 1)).toBeLessThan(error);
  });

  it("does not, where the noisy token is told to be clean or missing: the broken variants", async () => {
    const expected = conditional();
    for (const told of [0, steps]) {
      expect(Math.abs((await moments(told)).mean - expected.mean)).toBeGreaterThan(0.1);
    }
  });
});

describe("guidance by a quadratic reward", () => {
  it("moves every sample by the closed form of the walk", async () => {
    // One token N(0, v). Each step is affine in x: with f the denoiser's factor, eps' = (x - a f x) / n + n 2 s (f x - g) f.
    const [variance, strength, goal] = [0.25, 1.5, 0.8];
    const process = gaussianSequence({ mean: [0], covariance: [[variance]] });
    const guidance: Guidance = {
      samples: 1,
      factor: "current",
      value: (x0) => mul(sum(square(sub(x0, reshape(constant(goal), [1, 1, 1]))), [1, 2]), -strength),
    };
    const sampler = new Sampler(process, { backend: referenceBackend(), parameters: {}, steps, guidance });
    const tokens = tensor(new Float32Array(50), [50, 1, 1]);
    createRandom(41).fillNormal(tokens.data);
    const rows = schedulingMatrix(fullSequence(), steps, 1).rows;
    const { data } = await sampler.denoiseToEnd({ tokens, rows, random: createRandom(0) });
    const { alphasCumprod } = process.schedule.tables;
    let [slope, offset] = [1, 0];
    for (let index = steps; index > 0; index--) {
      const [now, next] = [alphasCumprod[sampler.levels[index]!]!, alphasCumprod[sampler.levels[index - 1]!]!];
      const [a, n, b] = [Math.sqrt(now), Math.sqrt(1 - now), Math.sqrt(next)];
      const f = (a * variance) / (now * variance + 1 - now);
      const [epsSlope, epsOffset] = [(1 - a * f) / n + n * 2 * strength * f * f, -n * 2 * strength * goal * f];
      const [x0Slope, x0Offset] = [(1 - n * epsSlope) / a, (-n * epsOffset) / a];
      const c = Math.sqrt(1 - next);
      const [stepSlope, stepOffset] = [b * x0Slope + c * epsSlope, b * x0Offset + c * epsOffset];
      [slope, offset] = [stepSlope * slope, stepSlope * offset + stepOffset];
    }
    expect(offset).toBeGreaterThan(0.2);
    data.forEach((value, i) => {
      expect(value).toBeCloseTo(slope * tokens.data[i]! + offset, 3);
    });
  });
});

describe("deterministic sampling of a mixture", () => {
  it("converges to the probability flow at order 1 in the number of steps, by regression", async () => {
    const process = gaussianMixture({
      components: [
        { weight: 0.4, mean: [-1, 0.5], variance: 0.2 },
        { weight: 0.6, mean: [1, -0.5], variance: 0.3 },
      ],
    });
    const tokens = tensor(new Float32Array(40), [20, 2, 1]);
    createRandom(51).fillNormal(tokens.data);
    const end = async (count: number): Promise<ArrayLike<number>> => {
      const sampler = new Sampler(process, { backend: referenceBackend(), parameters: {}, steps: count });
      const { rows } = schedulingMatrix(fullSequence(), count, 2);
      return (await sampler.denoiseToEnd({ tokens, rows, random: createRandom(0) })).data;
    };
    const finest = await end(1000);
    const counts = [12, 25, 50, 100];
    const errors: number[] = [];
    for (const count of counts) {
      const found = await end(count);
      errors.push(Math.sqrt(Array.from(found, (x, i) => (x - finest[i]!) ** 2).reduce((a, b) => a + b)));
    }
    const [x, y] = [counts.map(Math.log), errors.map(Math.log)];
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    const order =
      x.reduce((total, value, i) => total + (value - mean(x)) * (y[i]! - mean(y)), 0) /
      x.reduce((total, value) => total + (value - mean(x)) ** 2, 0);
    expect(-order).toBeGreaterThan(0.8);
    expect(-order).toBeLessThan(1.4);
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
    const sampler = new Sampler(wrong, { backend: referenceBackend(), parameters: {}, steps: 10, stabilizationLevel });
    const rollout = sampler.rollout({
      context: tensor([1], [1, 1, 1]),
      length: 160,
      window: 2,
      random: createRandom(61),
    });
    let largest = 0;
    for await (const { data } of rollout) largest = Math.max(largest, Math.abs(data[0]!));
    return largest;
  };

  it("stays bounded when it takes its own tokens for slightly noisy, and not when it trusts them", async () => {
    const level = exact.schedule.tables.alphasCumprod.findIndex((alpha) => alpha < 0.88);
    expect(await farthest(level)).toBeLessThan(6);
    expect(await farthest(0)).toBeGreaterThan(50);
  });
});
