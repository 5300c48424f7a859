import { describe, expect, it } from "vitest";
import { referenceBackend } from "../engine/reference/index.js";
import { flowMatching } from "../process/gaussian/flow-matching.js";
import { Sampler } from "../sampling/sampler.js";
import { always, coin } from "../testing/fixtures/coin.js";
import { perceptron, twoPoints } from "../testing/fixtures/perceptron.js";
import { checkLaw } from "../testing/law.js";
import { chiSquareTail } from "../testing/statistics.js";
import { constrainedTraining, multipliersOf } from "./constraints.js";
import { train } from "./train.js";

describe("constrainedTraining", () => {
  async function run(rate: number, resilience?: number, bound = Math.log(2)) {
    const { trainable, batches } = constrainedTraining({
      subject: coin,
      constraints: [{ name: "rare", bound, batches: always(0, 1) }],
      rate,
      ...(resilience === undefined ? {} : { resilience }),
    });
    const { state } = await train(trainable, {
      backend: referenceBackend(),
      batches: batches(always(0.9, 0.1)),
      steps: 1500,
      optimizer: { learningRate: 0.02, weightDecay: 0 },
      learningRate: { kind: "cosine", warmupSteps: 0 },
      maxGradNorm: false,
    });
    const { multipliers, weights } = multipliersOf(state.parameters);
    const [a, b] = weights.logits!.data as Float32Array;
    return { lambda: multipliers.rare as number, share: 1 / (1 + Math.exp(a! - b!)) };
  }

  it("finds the mixture and its multiplier", async ({ task }) => {
    const [found, frozen] = [await run(0.05), await run(1e-9)];
    expect(found.lambda).toBeCloseTo(0.8, 1);
    checkLaw(task, {
      law: "Training under KL(q_1 || p) <= log 2 with q_0 = (.9, .1), q_1 = (0, 1) comes to p = (.5, .5), with multiplier .8",
      statistic: "p of the second symbol",
      found: found.share,
      within: [0.49, 0.51],
      broken: { "the multiplier frozen at 0": frozen.share },
    });
    checkLaw(task, {
      law: "The multiplier of that constraint settles at .8",
      statistic: "lambda",
      found: found.lambda,
      within: [0.77, 0.83],
      broken: { "the multiplier frozen at 0": frozen.lambda },
    });
  });

  it("spends a multiplier only on a bound that binds", async ({ task }) => {
    // The data alone give the rare symbol a loss of log 10: a bound of 3 is kept for nothing, one of log 4 has its price.
    const slackOf = async (bound: number, rate = 0.05): Promise<number> => {
      const { lambda, share } = await run(rate, undefined, bound);
      expect(lambda).toBeGreaterThanOrEqual(0);
      return Math.max(lambda * Math.abs(-Math.log(share) - bound), -Math.log(share) - bound);
    };
    expect((await run(0.05, undefined, 3)).lambda).toBe(0);
    checkLaw(task, {
      law: "Bounds are kept, and a multiplier times what its bound leaves over is 0: log 4 and log 2, which bind, and 3, which does not",
      statistic: "largest violation or product, nats",
      found: Math.max(await slackOf(Math.log(4)), await slackOf(Math.log(2)), await slackOf(3)),
      within: [-1, 0.02],
      broken: { "the multiplier frozen at 0": await slackOf(Math.log(2), 1e-9) },
    });
  });

  it("misses a bound by lambda / alpha in the resilient variant", async () => {
    const { lambda, share } = await run(0.05, 2);
    // L_1 - b = lambda / alpha, and p = (.1 + lambda) / (1 + lambda).
    expect(share).toBeCloseTo((0.1 + lambda) / (1 + lambda), 2);
    expect(-Math.log(share) - Math.log(2)).toBeCloseTo(lambda / 2, 1);
  });

  const process = flowMatching({ levels: 50, objective: "x0", limit: { kind: "none" } });
  const diffusion = { model: perceptron(24), process, lossWeighting: process.lossWeighting };
  /** Data at +1, a share at -1. */
  const mixture = (minority: number) => twoPoints(96, minority);

  it("keeps a minority of a diffusion's data in, with any process", async ({ task }) => {
    async function minorityOf(rate: number) {
      const bound = 0.45;
      const { trainable, batches } = constrainedTraining({
        subject: diffusion,
        constraints: [{ name: "minority", bound, batches: mixture(1) }],
        rate,
      });
      const { parameters, state } = await train(trainable, {
        backend: referenceBackend(),
        batches: batches(mixture(0.1)),
        steps: 500,
        seed: 2,
        optimizer: { learningRate: 1e-2 },
        emaDecay: 0.97,
      });
      const { weights } = multipliersOf(parameters);
      const lambda = multipliersOf(state.parameters).multipliers.minority as number;
      const sampler = new Sampler(diffusion, { backend: referenceBackend(), parameters: weights, timesteps: 25 });
      const { data } = await sampler.sample({ batch: 500, length: 1, seed: 4 });
      return { lambda, count: Array.from(data).filter((x) => x < 0).length };
    }
    const [kept, frozen] = [await minorityOf(0.03), await minorityOf(1e-9)];
    // The probability of so many of 500 by the data's tenth: the normal law's upper tail, squared over both sides.
    const tail = (count: number): number => {
      const z = (count - 50) / Math.sqrt(45);
      return z <= 0 ? 1 : chiSquareTail(z ** 2, 1) / 2;
    };
    expect(kept.lambda).toBeGreaterThan(0.05);
    checkLaw(task, {
      law: "A constraint on a minority's loss keeps more of it in the samples than its tenth of the data",
      statistic: "p, binomial, of as many among 500 samples by chance",
      found: tail(kept.count),
      within: [0, 1e-3],
      broken: { "the multiplier frozen at 0": tail(frozen.count) },
    });
  });
});
