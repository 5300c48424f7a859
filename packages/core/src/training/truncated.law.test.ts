import { describe, expect, it } from "vitest";
import { cast, concat, linear, mul, reshape, tanh } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import type { Model, ParameterSpec } from "../models/index.js";
import { linearSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { learnedPrior } from "../sampling/learned-prior.js";
import { Sampler } from "../sampling/sampler.js";
import { checkLaw } from "../testing/law.js";
import { normalDistribution } from "../testing/statistics.js";
import type { BatchSource } from "./batch.js";
import { train } from "./train.js";
import { truncatedTraining, withoutDiscriminator } from "./truncated.js";

const process = variancePreserving(linearSchedule(1000));

/** 1 -> 16 -> 1 with a hyperbolic tangent, told the level as a share of K. */
function perceptron(): Model {
  const weight = (shape: number[]): ParameterSpec => ({ shape, initializer: { kind: "uniform", bound: 1 } });
  return {
    config: { kind: "perceptron" },
    tokenShape: [1],
    conditionFeatures: 0,
    parameters: { a: weight([16, 2]), b: weight([16]), c: weight([1, 16]), d: weight([1]) },
    apply: ({ a, b, c, d }, { tokens, noiseLevels, levelCount }) => {
      const level = reshape(mul(cast(noiseLevels, "float32"), 1 / levelCount), tokens.shape);
      return linear(tanh(linear(concat([tokens, level], 2), a!, b!)), c!, d!);
    },
  };
}
const diffusion = { model: perceptron(), process, lossWeighting: process.lossWeighting };
const discriminator = perceptron();
const trainable = truncatedTraining({ diffusion, level: 100, discriminator, adversarialWeight: 5 });
/** +-1 with deviation .1. */
const batches: BatchSource = (_step, random) => ({
  tokens: tensor(
    Float32Array.from({ length: 128 }, () => (random.uniform() < 0.5 ? -1 : 1) + 0.1 * random.normal()),
    [128, 1, 1],
  ),
});

/** How far a sample's distribution function is from another, at most. */
function distance(sample: ArrayLike<number>, distribution: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort();
  return sorted.reduce((most, x, i) => {
    const expected = distribution(x);
    return Math.max(most, expected - i / sorted.length, (i + 1) / sorted.length - expected);
  }, 0);
}

describe("truncatedTraining", () => {
  it("learns a prior between the exact one and pure noise, over 5 seeds", async ({ task }) => {
    const [alpha, sigma] = [process.path!.signal[100]!, process.path!.noise[100]!];
    const std = Math.sqrt(0.01 * alpha ** 2 + sigma ** 2);
    const noised = (x: number): number =>
      (normalDistribution((x - alpha) / std) + normalDistribution((x + alpha) / std)) / 2;
    const backend = referenceBackend();
    const count = 2000;
    const noise = new Float32Array(count);
    createRandom(9).fillNormal(noise);
    const learned: number[] = [];
    let parameters: HostTensorRecord = {};
    for (let seed = 0; seed < 5; seed++) {
      ({ parameters } = await train(trainable, {
        backend,
        batches,
        steps: 400,
        seed,
        optimizer: { learningRate: 3e-3, betas: [0.5, 0.99] },
        emaDecay: 0.98,
      }));
      const prior = learnedPrior({ backend, diffusion, parameters: withoutDiscriminator(parameters) });
      const made = await prior({ noise: tensor(noise, [count, 1, 1]), levels: Int32Array.of(100) });
      learned.push(distance(made.data, noised));
    }
    const normal = distance(noise, noised);
    const random = createRandom(10);
    const exact = Float64Array.from(
      noise,
      (z) => alpha * ((random.uniform() < 0.5 ? -1 : 1) + 0.1 * random.normal()) + sigma * z,
    );
    checkLaw(task, {
      law: "A prior that is learned adversarially for level 100 lies between the exact one and a normal law, over 5 seeds",
      statistic: "Kolmogorov-Smirnov distance from q(x^100), the largest of 5",
      found: Math.max(...learned),
      within: [distance(exact, noised), 0.75 * normal],
      broken: { "pure noise": normal },
    });
    const sampler = new Sampler(diffusion, {
      backend,
      parameters: withoutDiscriminator(parameters),
      timesteps: 20,
      start: { level: 100, prior: learnedPrior({ backend, diffusion, parameters: withoutDiscriminator(parameters) }) },
    });
    expect((await sampler.sample({ batch: 3, length: 1, seed: 1 })).shape).toEqual([3, 1, 1]);
  });
});
