import { referenceBackend } from "@diffusion-forcing/core";
import { initialTrainingState, trainStream } from "@diffusion-forcing/core/training";
import { defaultDevice, init } from "@jax-js/jax";
import { describe, expect, it } from "vitest";
import type { BenchConfig } from "../configs.js";
import { benchDiffusion, normalTensor } from "../jobs.js";
import { jaxTraining } from "./jax-js.js";

describe("the jax-js peer", () => {
  it("takes the library's training steps: the same losses from the same parameters", async () => {
    const config: BenchConfig = { width: 16, layers: 2, heads: 2, feedForward: 24, tokens: 5, features: 3, batch: 4 };
    const diffusion = benchDiffusion(config);
    const tokens = normalTensor(1, [4, 5, 3]);
    const expected: number[] = [];
    for await (const { loss } of trainStream(diffusion, {
      backend: referenceBackend(),
      batches: () => ({ tokens }),
      steps: 5,
      optimizer: { learningRate: 5e-4 },
      maxGradNorm: false,
      emaDecay: false,
    })) {
      expected.push(loss);
    }

    await init("wasm");
    defaultDevice("wasm");
    const { parameters } = initialTrainingState(diffusion, { seed: 0, keepEma: false });
    const training = jaxTraining(config, diffusion, parameters, tokens);
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) losses.push(await training.step());
    training.dispose();
    for (let i = 0; i < 5; i++) expect(Math.abs(losses[i]! / expected[i]! - 1)).toBeLessThan(1e-4);
  });
});
