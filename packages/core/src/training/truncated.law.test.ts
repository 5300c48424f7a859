import { describe, expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { type HostTensorRecord, tensor } from "../engine/tensor/tensor.js";
import { linearSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { learnedPrior } from "../sampling/learned-prior.js";
import { Sampler } from "../sampling/sampler.js";
import { perceptron, twoPoints } from "../testing/fixtures/perceptron.js";
import { checkLaw } from "../testing/law.js";
import { kolmogorovSmirnovDistance, normalDistribution } from "../testing/statistics.js";
import { train } from "./train.js";
import { truncatedTraining, withoutDiscriminator } from "./truncated.js";

const process = variancePreserving(linearSchedule(1000));

const diffusion = { model: perceptron(16), process, lossWeighting: process.lossWeighting };
const discriminator = perceptron(16);
const trainable = truncatedTraining({ diffusion, level: 100, discriminator, adversarialWeight: 5 });
const batches = twoPoints(128, 0.5);

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
      learned.push(kolmogorovSmirnovDistance(made.data, noised));
    }
    const normal = kolmogorovSmirnovDistance(noise, noised);
    const random = createRandom(10);
    const exact = Float64Array.from(
      noise,
      (z) => alpha * ((random.uniform() < 0.5 ? -1 : 1) + 0.1 * random.normal()) + sigma * z,
    );
    checkLaw(task, {
      law: "A prior that is learned adversarially for level 100 lies between the exact one and a normal law, over 5 seeds",
      statistic: "Kolmogorov-Smirnov distance from q(x^100), the largest of 5",
      found: Math.max(...learned),
      within: [kolmogorovSmirnovDistance(exact, noised), 0.75 * normal],
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
