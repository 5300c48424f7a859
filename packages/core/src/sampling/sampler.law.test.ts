import { describe, expect, it } from "vitest";
import { atLevel } from "../diffusion/conversions.js";
import type { DiffusionProcess } from "../diffusion/loss.js";
import { cosineSchedule } from "../diffusion/schedule.js";
import { add, concat, constant, div, mul, reshape, slice, square, sub, sum } from "../graph/operations.js";
import type { Value } from "../graph/value.js";
import type { Model, ModelInput } from "../models/model.js";
import { createRandom } from "../random/index.js";
import { erf } from "../reference/erf.js";
import { referenceBackend } from "../reference/index.js";
import { tensor } from "../tensor/tensor.js";
import type { Guidance } from "./guidance.js";
import { autoregressive, fullSequence, type MatrixShape, pyramid, schedulingMatrix } from "./matrix-shapes.js";
import { Sampler } from "./sampler.js";

// Where the data are Gaussian, the best possible denoiser E[x0 | x] is known. A sampler that is given it has to
// produce the data's own law, whatever the order of denoising.

const schedule = cosineSchedule(1000);
const { sqrtAlphasCumprod, alphasCumprod } = schedule.tables;

function processWith(posteriorMean: (input: ModelInput) => Value): DiffusionProcess {
  const model: Model = {
    config: { kind: "exact" },
    tokenShape: [1],
    conditionFeatures: 0,
    parameters: {},
    apply: (_parameters, input) => posteriorMean(input),
  };
  return { model, schedule, objective: "x0", lossWeighting: { kind: "uniform" }, clipNoise: 6 };
}

/** Independent tokens N(0, deviation^2): E[x0 | x] = sqrt(a) s^2 / (a s^2 + 1 - a) x. */
function independent(deviation: number): DiffusionProcess {
  const variance = deviation ** 2;
  const factors = sqrtAlphasCumprod.map((root) => (root * variance) / (root ** 2 * variance + 1 - root ** 2));
  return processWith(({ tokens, noiseLevels }) => mul(tokens, atLevel(factors, noiseLevels, 3)));
}

/**
 * Two standard normal tokens of correlation r. With a, b their sqrt(alphaBar), x has variances 1 and covariance a b r:
 * E[x0_1 | x] = (a (x_1 - a b r x_2) + r b (x_2 - a b r x_1)) / (1 - (a b r)^2).
 */
function correlated(r: number): DiffusionProcess {
  return processWith(({ tokens, noiseLevels }) => {
    const roots = atLevel(sqrtAlphasCumprod, noiseLevels, 3);
    const [x1, x2] = [slice(tokens, 1, 0, 1), slice(tokens, 1, 1, 2)];
    const [a, b] = [slice(roots, 1, 0, 1), slice(roots, 1, 1, 2)];
    const covariance = mul(mul(a, b), r);
    const determinant = sub(1, square(covariance));
    const [u1, u2] = [sub(x1, mul(covariance, x2)), sub(x2, mul(covariance, x1))];
    const mean1 = add(mul(a, u1), mul(mul(b, r), u2));
    const mean2 = add(mul(b, u2), mul(mul(a, r), u1));
    return concat([div(mean1, determinant), div(mean2, determinant)], 1);
  });
}

interface Walk {
  shape: MatrixShape;
  eta?: number;
  steps?: number;
  /** Rows left out at the end. */
  skipped?: number;
  guidance?: Guidance;
}

/** Tokens [batch, length] sampled from noise. */
async function sample(process: DiffusionProcess, batch: number, length: number, walk: Walk): Promise<Float32Array> {
  const { shape, eta = 0, steps = 50, skipped = 0, guidance } = walk;
  const options = { backend: referenceBackend(), parameters: {}, steps, eta, ...(guidance ? { guidance } : {}) };
  const sampler = new Sampler(process, options);
  const tokens = tensor(new Float32Array(batch * length), [batch, length, 1]);
  createRandom(11).fillNormal(tokens.data);
  const { rows } = schedulingMatrix(shape, steps, length);
  const random = createRandom(12);
  const result = await sampler.denoiseToEnd({ tokens, rows: rows.slice(0, rows.length - skipped), random });
  await sampler.dispose();
  return result.data as Float32Array;
}

/** sqrt(n) times the largest distance from the standard normal's distribution: beyond 1.95 once in a thousand. */
function kolmogorovSmirnov(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const distances = sorted.map((value, i) => {
    const expected = (1 + erf(value / Math.SQRT2)) / 2;
    return Math.max(expected - i / sorted.length, (i + 1) / sorted.length - expected);
  });
  return Math.sqrt(sorted.length) * Math.max(...distances);
}
const critical = 1.95;

const walks: [string, MatrixShape][] = [
  ["full sequence", fullSequence()],
  ["pyramid", pyramid({ uncertainty: 1 })],
  ["autoregressive", autoregressive()],
];

describe.each(walks)("by the matrix %s", (_name, shape) => {
  it.each([0, 1])("independent tokens follow their law, eta %d", async (eta) => {
    const sampled = await sample(independent(0.5), 500, 3, { shape, eta });
    expect(kolmogorovSmirnov([...sampled].map((x) => x / 0.5))).toBeLessThan(critical);
  });

  it("correlated tokens follow their joint law", async () => {
    const pairs = await sample(correlated(0.8), 1000, 2, { shape });
    const first = [...pairs].filter((_, i) => i % 2 === 0);
    expect(kolmogorovSmirnov(first)).toBeLessThan(critical);
    // What is left of the second after its regression on the first is standard normal too.
    const rest = first.map((x, sample) => (pairs[2 * sample + 1]! - 0.8 * x) / 0.6);
    expect(kolmogorovSmirnov(rest)).toBeLessThan(critical);
  });
});

describe("the test of the law", () => {
  const statistic = (sampled: Float32Array) => kolmogorovSmirnov([...sampled].map((x) => x / 0.5));

  it("catches a walk that ends before the tokens are clean", async () => {
    for (const eta of [0, 1]) {
      const sampled = await sample(independent(0.5), 500, 3, { shape: fullSequence(), eta, skipped: 20 });
      expect(statistic(sampled)).toBeGreaterThan(critical);
    }
  });

  it("catches a denoiser of another variance", async () => {
    expect(statistic(await sample(independent(0.65), 500, 3, { shape: pyramid() }))).toBeGreaterThan(critical);
  });

  it("catches a denoiser that ignores the other token", async () => {
    const pairs = await sample(correlated(0), 1000, 2, { shape: autoregressive() });
    const rest = [...pairs].filter((_, i) => i % 2 === 1).map((x, sample) => (x - 0.8 * pairs[2 * sample]!) / 0.6);
    expect(kolmogorovSmirnov(rest)).toBeGreaterThan(critical);
  });
});

describe("with more steps", () => {
  it("deterministic sampling converges to the probability flow at order 1", async () => {
    // The flow of a Gaussian only rescales: x0 = s x / sqrt(a s^2 + 1 - a), at the noisiest level s x but for a = 2.4e-9.
    const start = createRandom(11).normal();
    const scale = 0.5 / Math.sqrt(alphasCumprod[1000]! * 0.25 + 1 - alphasCumprod[1000]!);
    const errors: number[] = [];
    for (const steps of [10, 20, 40]) {
      const [end] = await sample(independent(0.5), 1, 1, { shape: fullSequence(), steps });
      errors.push(Math.abs(end! / Math.fround(start) - scale));
    }
    expect(errors[0]! / errors[1]!).toBeGreaterThan(1.8);
    expect(errors[0]! / errors[1]!).toBeLessThan(2.2);
    expect(errors[1]! / errors[2]!).toBeGreaterThan(1.8);
    expect(errors[1]! / errors[2]!).toBeLessThan(2.2);
  });
});

describe("with guidance", () => {
  const mean = (values: Float32Array) => values.reduce((a, b) => a + b) / values.length;
  /** -strength (x0 - goal)^2, summed over tokens. */
  const towards = (goal: number, strength: number, samples: number): Guidance => ({
    samples,
    value: (x0) => mul(sum(square(sub(x0, reshape(constant(goal), [1, 1, 1]))), [1, 2]), -strength),
  });

  it.each([1, 3])("samples move towards the goal, the more the stronger, over %d futures", async (samples) => {
    const means: number[] = [];
    for (const [goal, strength] of [
      [1, 0],
      [1, 1],
      [1, 2],
      [-1, 2],
    ] as const) {
      const guidance = towards(goal, strength, samples);
      means.push(mean(await sample(independent(0.5), 100, 2, { shape: pyramid(), steps: 20, guidance })));
    }
    const [without, weak, strong, opposite] = means as [number, number, number, number];
    expect(Math.abs(without)).toBeLessThan(0.12); // 0.5 / sqrt(200) = 0.035
    expect(weak - without).toBeGreaterThan(0.1);
    expect(strong).toBeGreaterThan(weak);
    expect(strong).toBeLessThan(1);
    expect(opposite - without).toBeLessThan(-0.1);
  });
});
