import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { checkLaw } from "@diffusion-forcing/core/testing";
import { describe, expect, it } from "vitest";
import { selfGuidance } from "./self-guidance.js";

describe("self-supervised guidance", () => {
  it("by a diffusion's own labels samples four hidden families better than without, nearly as by the true ones", async ({
    task,
  }) => {
    const backend = await onnxBackend({ threads: 1 });
    const settings = { steps: [400, 400], samples: 300, guidance: 0.4, seed: 0 } as const;
    const { mutualInformation, used, distances } = await selfGuidance(backend, settings);
    await backend.dispose();
    // Seeds 0 to 2 gave ratios of .56, .49 and .79 by own labels and 1.01, .91 and 1.04 by random ones.
    // Eight labels that split four families evenly share log 4 of (log 4 + log 8) / 2: .8.
    expect(mutualInformation).toBeGreaterThan(0.6);
    expect(used).toBe(8);
    const { unconditional, self, oracle, random } = distances;
    checkLaw(task, {
      law: "Guided by labels of its own features, a diffusion of four hidden families comes nearer to the data",
      statistic: "energy distance to held-out data, by that of the unconditional model",
      found: self / unconditional,
      within: [0, 0.85],
      broken: { "random labels": random / unconditional },
    });
    expect(oracle / unconditional).toBeLessThan(0.85);
  }, 120_000);
});
