import { describe, expect, it } from "vitest";
import { cardText, type Measured, type RunFacts, variantTitle } from "./card-text.js";

const estimate = (value: number) => ({ value, low: value - 0.001, high: value + 0.001 });
const measured: Measured = {
  model: "m",
  videos: 16,
  predicted: 10,
  length: 200,
  steps: 10,
  stabilization: 10,
  seed: 1000,
  accuracy: { mse: estimate(0.02), ssim: estimate(0.7), lastFrame: { mse: estimate(0.05), ssim: estimate(0.5) } },
  steadiness: {
    within: estimate(0.9),
    own: estimate(0.99),
    deviations: { ink: estimate(0.1), sharpness: estimate(-2) },
  },
};
const facts: RunFacts = {
  name: "run",
  seed: 0,
  video: { levels: "independent", frames: 10, batch: 8 },
  model: { kind: "dit3d" },
  training: { steps: 100, learningRate: 1e-3 },
  steps: 100,
  seconds: 600,
};

describe("cardText", () => {
  it("states command, steps, wall time and figures with intervals, baselines beside them", () => {
    const rows = [{ title: variantTitle("independent", true), measured }];
    const text = cardText({ name: "moving-mnist", facts, beside: [{ ...facts, name: "other" }], rows, cores: 2 });
    expect(text).toContain("npx dforce train video --preset moving-mnist --seed 0 --threads 1 --out runs/moving-mnist");
    expect(text).toContain("npx dforce train video --preset other ");
    expect(text).toContain("100 steps in 10 minutes");
    expect(text).toContain("rollouts of 200 frames, 20 times the training length");
    expect(text).toContain("| the last given frame, as it is | 50.0 [49.0, 51.0] | 0.500 [0.499, 0.501] |  |  |");
    expect(text).toContain(
      "| Diffusion Forcing, stabilised | 20.0 [19.0, 21.0] | 0.700 [0.699, 0.701] | 90.0 [89.9, 90.1] | sharpness -2.0 [-2.0, -2.0] |",
    );
  });
});
