import { referenceBackend, transformer } from "@diffusion-forcing/core";
import { train } from "@diffusion-forcing/core/training";
import { describe, expect, it } from "vitest";
import { positionwiseTraining } from "./cross-entropy.js";
import { contextTokens } from "./pairs.js";

const model = transformer({ features: 3, width: 8, layers: 1, heads: 1, causal: false });
const trainable = positionwiseTraining({ model, categories: 2, queries: 3 });
const tokens = contextTokens([[0, 1], [1]], { symbols: 2, longest: 2 });

describe("positionwiseTraining", () => {
  it("learns what each query says, and that those after the end say nothing", async () => {
    const { losses } = await train(trainable, {
      backend: referenceBackend(),
      batches: () => ({ tokens, targets: [[1, 0], [1]] }),
      steps: 80,
      optimizer: { learningRate: 2e-2 },
    });
    // At first three queries say one of three outputs each: 3 log 3 nats.
    expect(losses[0]).toBeGreaterThan(2);
    expect(losses.at(-1)).toBeLessThan(0.1);
  });

  it("refuses targets that are missing or too long", async () => {
    const trained = (targets: number[][]) =>
      train(trainable, { backend: referenceBackend(), batches: () => ({ tokens, targets }), steps: 1 });
    await expect(trained([[0]])).rejects.toThrow(/1 targets for 2 sequences/);
    await expect(trained([[0], [0, 1, 0, 1]])).rejects.toThrow(/target 1 has 4 symbols; there are 3 queries/);
  });
});
