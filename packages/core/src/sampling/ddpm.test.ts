import { describe, expect, it } from "vitest";
import type { DiffusionProcess } from "../diffusion/loss.js";
import { cosineSchedule } from "../diffusion/schedule.js";
import { mul } from "../graph/operations.js";
import { trace } from "../graph/trace.js";
import type { Model } from "../models/model.js";
import { referenceBackend } from "../reference/index.js";
import { readTensor, tensor } from "../tensor/tensor.js";
import { ddpmStep } from "./ddpm.js";

/** Always answers that the clean tokens are half of what it sees. */
const halving: Model = {
  config: { kind: "halving" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: {},
  apply: (_parameters, { tokens }) => mul(tokens, 0.5),
};

const process: DiffusionProcess = {
  model: halving,
  schedule: cosineSchedule(50),
  objective: "x0",
  lossWeighting: { kind: "uniform" },
  clipNoise: 6,
};

async function step(stabilizationLevel: number): Promise<Record<string, number[]>> {
  const inputs = {
    x: tensor([3, 2, -4], [1, 3, 1]),
    from: tensor(Int32Array.of(0, 1, 2), [1, 3]),
    noise: tensor([5, 5, 2], [1, 3, 1]),
    stabilizationNoise: tensor([1, 100, 100], [1, 3, 1]),
  };
  const graph = trace(inputs, (values) => {
    const { next, tokens } = ddpmStep(process, {}, { stabilizationLevel }, values);
    return { next, tokens };
  });
  const outputs = await (await referenceBackend().compile(graph)).run(inputs);
  return {
    next: [...(await readTensor(outputs.next!)).data],
    tokens: [...(await readTensor(outputs.tokens!)).data],
  };
}

describe("ddpmStep", () => {
  it("keeps clean tokens, ends level 1 without noise, and samples the posterior above", async () => {
    const { next, tokens } = await step(0);
    expect(tokens).toEqual([3, 2, -4]);
    // Level 2 of 50: x0 = -2, mean factors 0.6787689 and 0.3212303, variance 0.0011871957, noise 2.
    const third = 0.6787689312 * -2 + 0.3212302608 * -4 + Math.sqrt(0.0011871956675) * 2;
    expect(next).toEqual([3, expect.closeTo(1, 6), expect.closeTo(third, 5)]);
  });

  it("shows clean tokens to the network noised to the stabilisation level, and still keeps them", async () => {
    const { next, tokens } = await step(1);
    // alphaBar of level 1 is 0.9982524865.
    const seen = Math.sqrt(0.9982524865) * 3 + Math.sqrt(1 - 0.9982524865);
    expect(tokens).toEqual([expect.closeTo(seen, 5), 2, -4]);
    expect(next?.[0]).toBe(3);
  });
});
