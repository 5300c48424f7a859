import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import {
  autoregressive,
  type Backend,
  cosineSchedule,
  createRandom,
  diffusionForcing,
  type HostTensor,
  type HostTensorRecord,
  initializeParameters,
  schedulingMatrix,
  tensor,
  unet3d,
} from "@diffusion-forcing/core";
import { checkLaw } from "@diffusion-forcing/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { movingDots, scoreDots } from "./moving-dots.js";

const [length, size, steps] = [5, 6, 10];

const forcing = diffusionForcing({
  model: unet3d({
    tokenShape: [1, size, size],
    width: 16,
    multipliers: [1, 2],
    heads: 2,
    headWidth: 8,
    attentionFactors: [],
    initialTemporalAttention: false,
  }),
  schedule: cosineSchedule(100),
  objective: "v",
});

describe("the U-Net learns to draw moving dots", () => {
  let backend: Backend;
  let trained: HostTensorRecord = {};
  const losses: number[] = [];

  beforeAll(async () => {
    backend = await onnxBackend();
    const result = await forcing.train({
      backend,
      batches: (_step, random) => ({ tokens: movingDots({ batch: 16, length, size }, random) }),
      steps: 200,
      seed: 0,
      optimizer: { learningRate: 4e-3 },
      learningRate: { kind: "cosine", warmupSteps: 30 },
    });
    losses.push(...result.losses);
    trained = result.parameters;
  }, 200_000);
  afterAll(() => backend.dispose());

  /** 32 videos from noise, frame after frame. */
  async function sampled(parameters: HostTensorRecord): Promise<HostTensor> {
    const sampler = forcing.sampler({ backend, parameters, timesteps: steps });
    const random = createRandom(5);
    const noise = Float32Array.from({ length: 32 * length * size * size }, () => random.normal());
    const frames = await sampler.denoise({
      tokens: tensor(noise, [32, length, 1, size, size]),
      rows: schedulingMatrix(autoregressive(), steps, length).rows,
      seed: random,
    });
    sampler.dispose();
    return frames;
  }

  it("its loss falls below 0.05, from about 1", () => {
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(losses[0]).toBeGreaterThan(0.5);
    expect(mean(losses.slice(-20))).toBeLessThan(0.05);
  });

  it("nearly every frame that it samples shows exactly one dot", async ({ task }) => {
    const oneDot = async (parameters: HostTensorRecord) => scoreDots(await sampled(parameters)).oneDot;
    checkLaw(task, {
      law: "A U-Net trained for 200 steps on videos of one moving dot samples such videos",
      statistic: "share of frames with exactly one dot",
      found: await oneDot(trained),
      within: [0.9, 1],
      broken: { "an untrained one": await oneDot(initializeParameters(forcing.model, createRandom(1))) },
    });
  });
});
