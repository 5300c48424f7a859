import { describe, it } from "vitest";
import { cast, floor, mul } from "../../engine/graph/operations.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import type { ModelInput, ModelMemory } from "../../models/model.js";
import { checkLaw } from "../../testing/law.js";
import { autoregressiveModel, kalmanFilter } from "../../testing/oracles/index.js";
import { kolmogorovSmirnov, normalDistribution } from "../../testing/statistics.js";
import { autoregressive } from "../matrix-shapes.js";
import type { RecurrentSamplerOptions } from "./options.js";
import { RecurrentSampler } from "./recurrent-sampler.js";
import type { RecurrentProcess } from "./step-graph.js";

// The exact recurrent denoiser of an autoregression is a Kalman filter. Given it, or one that reads slightly wrongly, what
// the sampler does is known.

const samplerOf = (process: RecurrentProcess, options: Partial<RecurrentSamplerOptions>): RecurrentSampler =>
  new RecurrentSampler(process, { backend: referenceBackend(), parameters: {}, ...options });

/** The process with another way to take in a token. */
function reading(process: RecurrentProcess, advance: ModelMemory["advance"]) {
  const { model } = process;
  return { ...process, model: { ...model, memory: { ...model.memory, advance } } };
}

describe("samples of a recurrent sampler with the exact filter", () => {
  const [correlation, deviation, length, count] = [0.8, 0.6, 6, 250];
  const exact = kalmanFilter(autoregressiveModel(correlation, deviation));
  const apart = kalmanFilter(autoregressiveModel(0, deviation / Math.sqrt(1 - correlation ** 2)));
  const halved = (input: ModelInput): ModelInput => {
    return { ...input, noiseLevels: cast(floor(mul(cast(input.noiseLevels, "float32"), 0.5)), "int32") };
  };
  const toldHalf = reading(exact, (parameters, state, input) =>
    exact.model.memory.advance(parameters, state, halved(input)),
  );

  /** The smallest probability of: a token's innovation, given its past, being normal; Bonferroni-corrected. */
  async function innovationsFit(process: RecurrentProcess, chunk: number, eta: number): Promise<number> {
    const sampler = samplerOf(process, { steps: 40, eta, stabilizationLevel: 0 });
    const matrix = autoregressive();
    const options = { length, chunk, matrix, random: createRandom(81) };
    const fits: number[] = [];
    let before = new Array<number>(count).fill(0);
    for await (const { tokens } of sampler.rollout(await sampler.initialState(count), options)) {
      for (let t = 0; t < chunk; t++) {
        const now = Array.from({ length: count }, (_, b) => tokens.data[b * chunk + t]!);
        const scale = fits.length === 0 ? Math.sqrt(1 - correlation ** 2) : 1;
        const innovations = now.map((x, b) => scale * x - correlation * before[b]!);
        fits.push(kolmogorovSmirnov(innovations, (x) => normalDistribution(x / deviation)));
        before = now;
      }
    }
    return Math.min(1, fits.length * Math.min(...fits));
  }

  it.for([
    [1, 0],
    [1, 1],
    [2, 1],
  ] as const)("follow the joint law, chunks of %d, eta %d", async ([chunk, eta], { task }) => {
    checkLaw(task, {
      law: `Samples of a recurrent model follow the joint law: chunks of ${chunk}, one token after the other, eta ${eta}`,
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
    const sampler = samplerOf(wrong, { steps: 10, eta: 1, stabilizationLevel });
    const rollout = sampler.rollout(await sampler.initialState(16), { length, random: createRandom(82) });
    let largest = 0;
    for await (const { tokens } of rollout) largest = Math.max(largest, ...Array.from(tokens.data, Math.abs));
    return largest;
  }

  it("stays bounded when it takes its own tokens for slightly noisy", async ({ task }) => {
    const level = wrong.schedule.tables.alphasCumprod.findIndex((alpha) => alpha < 0.85);
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
