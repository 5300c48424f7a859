import { describe, it } from "vitest";
import { broadcastTo, concat, div, log, mul, sub } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import type { Model } from "../../models/model.js";
import { Sampler } from "../../sampling/sampler.js";
import { flowCost } from "../../testing/fixtures/flow-cost.js";
import { checkLaw } from "../../testing/law.js";
import { chiSquare, normalDistribution } from "../../testing/statistics.js";
import { atLevel } from "../tables.js";
import { discretizedBayesianFlow } from "./discretized.js";

const bins = 16;
const flow = discretizedBayesianFlow({ bins, levels: 500, finalStd: 0.02 });
/** Shares of the bins of N(0, .5^2), the outermost unbounded: an entropy of 2.6890 nats. */
const shares = Array.from({ length: bins }, (_, i) => {
  const below = (edge: number): number => normalDistribution((-1 + (2 * edge) / bins) / 0.5);
  return (i === bins - 1 ? 1 : below(i + 1)) - (i === 0 ? 0 : below(i));
});

/** The posterior of N(0, s^2) as the network's output: what is left of the mean in units of its noise, and a deviation. */
function normalPredictor(std: number): Model {
  const variance = std ** 2;
  const accuracy = Float64Array.from({ length: 501 }, (_, k) => 0.02 ** (-2 * (1 - k / 500)));
  const known = accuracy.map((rho) => 1 - 1 / rho);
  const scale = known.map((gamma) => (gamma < 1e-9 ? 1 : Math.sqrt((1 - gamma) / gamma)));
  const gain = accuracy.map((rho) => (variance * rho) / (variance * (rho - 1) + 1));
  // Bins cut up a law of the mean: its own variance is a twelfth of a squared bin less (Sheppard's correction).
  const left = accuracy.map((rho) => {
    const posterior = variance / (variance * (rho - 1) + 1);
    return Math.sqrt(Math.max(posterior - (2 / bins) ** 2 / 12, (0.25 / bins) ** 2));
  });
  return {
    config: { kind: "oracle" },
    tokenShape: [1],
    outputShape: [2],
    conditionFeatures: 0,
    parameters: {},
    apply: (_, { tokens, noiseLevels }) => {
      const at = (table: Float64Array): Value => atLevel(table, noiseLevels, 3);
      const inverse = known.map((gamma) => (gamma < 1e-9 ? 0 : 1 / gamma));
      const noise = div(mul(sub(at(inverse), at(gain)), tokens), at(scale));
      return concat([noise, broadcastTo(log(div(at(left), at(scale))), tokens.shape)], 2);
    },
  };
}

describe("discretizedBayesianFlow", () => {
  it("costs about the entropy in all, given the posterior of the normal law behind the bins", ({ task }) => {
    const [count, random] = [50_000, createRandom(6)];
    const numbers = Float32Array.from({ length: count }, () => {
      const bin = Math.min(Math.max(Math.floor((0.5 * random.normal() + 1) * (bins / 2)), 0), bins - 1);
      return -1 + (2 * bin + 1) / bins;
    });
    const noise = new Float32Array(count);
    random.fillNormal(noise);
    const given = {
      clean: tensor(numbers, [1, count, 1]),
      noise: tensor(noise, [1, count, 1]),
      levels: tensor(
        Int32Array.from({ length: count }, (_, i) => 1 + (i % 500)),
        [1, count],
      ),
    };
    const costOf = (std: number): number => flowCost(flow, normalPredictor(std), given);
    checkLaw(task, {
      law: "A discretised Bayesian flow's loss and reconstruction add up to about the entropy of 16 bins of N(0, .5^2), 2.6890: its normal laws are not quite the posterior, which costs up to .1",
      statistic: "nats, 50,000 draws (standard error .012)",
      found: costOf(0.5),
      within: [2.689 - 0.04, 2.689 + 0.1],
      broken: { "a predictor of twice the deviation": costOf(1), "of half of it": costOf(0.25) },
    });
  });

  it("samples the bins", async ({ task }) => {
    const count = 1500;
    async function fit(std: number, final: "sample" | "mode"): Promise<number> {
      const process = discretizedBayesianFlow({ bins, levels: 500, finalStd: 0.02, final });
      const diffusion = { model: normalPredictor(std), process, lossWeighting: process.lossWeighting };
      const options = { backend: referenceBackend(), parameters: {}, timesteps: 4, stabilizationLevel: 0 };
      const { data } = await new Sampler(diffusion, options).sample({ batch: count, length: 1, seed: 8 });
      const counts = new Array<number>(bins).fill(0);
      for (const value of data) counts[Math.round(((value + 1) * bins - 1) / 2)]!++;
      return chiSquare(counts, shares);
    }
    checkLaw(task, {
      law: "A discretised Bayesian flow samples the bins of N(0, .5^2), 4 steps",
      statistic: "p, chi-square, 1500 draws",
      found: await fit(0.5, "sample"),
      within: [1e-3, 1],
      broken: { "a predictor of half the deviation": await fit(0.25, "sample") },
    });
  });
});
