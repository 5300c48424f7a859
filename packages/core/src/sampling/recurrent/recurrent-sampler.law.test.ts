import { describe, expect, it } from "vitest";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { type HostTensorRecord, tensor } from "../../engine/tensor/tensor.js";
import { recurrent } from "../../models/recurrent/index.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../../process/loss.js";
import type { BatchSource } from "../../training/batch.js";
import { train } from "../../training/train.js";
import { RecurrentSampler } from "./recurrent-sampler.js";

const LENGTH = 6;
const process: DiffusionProcess = {
  model: recurrent({ features: 1, stateSize: 12, width: 8 }),
  schedule: cosineSchedule(20),
  objective: "v",
  lossWeighting: { kind: "min-snr", clip: 5 },
  clipNoise: 6,
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

async function trained(steps: number): Promise<HostTensorRecord> {
  const { parameters } = await train(process, {
    backend: referenceBackend(),
    batches: autoregression,
    steps,
    seed: 2,
    optimizer: { learningRate: 0.01 },
    emaDecay: false,
  });
  return parameters;
}

/** Over all samples: the mean square, and that of neighbours relative to it. */
function moments(tokens: readonly Float32Array[]): { variance: number; correlation: number } {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = mean(tokens.flatMap((token) => Array.from(token, (x) => x * x)));
  const products = tokens.slice(1).flatMap((token, t) => Array.from(token, (x, b) => x * (tokens[t]?.[b] as number)));
  return { variance, correlation: mean(products) / variance };
}

describe("a recurrent model trained on six tokens", () => {
  it("goes on for twenty times as many, bounded, with the law's variance and memory", async () => {
    const sampler = new RecurrentSampler(process, {
      backend: referenceBackend(),
      parameters: await trained(400),
      steps: 5,
      eta: 1,
    });
    const start = await sampler.initialState(64);
    const tokens: Float32Array[] = [];
    for await (const part of sampler.rollout(start, { length: 20 * LENGTH, random: createRandom(4) })) {
      tokens.push(part.tokens.data as Float32Array);
    }
    // The broken variant: a model whose memory is cut after every token.
    const forgetful: Float32Array[] = [];
    for (let t = 0; t < LENGTH; t++) {
      const { value } = await sampler.rollout(start, { length: 1, random: createRandom(100 + t) }).next();
      forgetful.push(value?.tokens.data as Float32Array);
    }
    expect(Math.max(...tokens.flatMap((token) => Array.from(token, Math.abs)))).toBeLessThan(6);
    // So short a training and five steps do not reach variance 1 and correlation 0.8.
    const late = moments(tokens.slice(-LENGTH));
    expect(late.variance).toBeGreaterThan(0.3);
    expect(late.variance).toBeLessThan(1.5);
    expect(late.correlation).toBeGreaterThan(0.6);
    expect(late.correlation).toBeLessThan(0.95);
    // 320 independent pairs: beyond 0.18 in one of a thousand runs.
    expect(Math.abs(moments(forgetful).correlation)).toBeLessThan(0.18);
  });
});
