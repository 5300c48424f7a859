import { referenceBackend } from "@diffusion-forcing/core";
import { train } from "@diffusion-forcing/core/training";
import { describe, expect, it } from "vitest";
import { languageTask } from "./task.js";

// Two letters in turn, after a random start: one bit a window, which is learned in no time.
const data = { name: "ab.txt", bytes: new TextEncoder().encode("ab".repeat(300)) };
const recipe = {
  window: { length: 4, batch: 16 },
  model: { width: 16, layers: 1, heads: 2 },
  training: { steps: 200, learningRate: 1e-2, schedule: { kind: "cosine", warmupSteps: 5 }, emaDecay: 0.9 },
} as const;

describe("languageTask", () => {
  it("learns what follows what, in bits per character", async () => {
    const job = await languageTask.prepare(languageTask.parseRecipe(recipe), { options: { data } });
    const backend = referenceBackend();
    const { training } = recipe;
    const { parameters } = await train(job.diffusion, {
      backend,
      batches: job.batches,
      steps: training.steps,
      optimizer: { learningRate: training.learningRate },
      emaDecay: training.emaDecay,
    });
    const bundle = { diffusion: job.diffusion, parameters, task: job.record };
    const bits = async (order: string) => {
      const options = { data, windows: 8, steps: 60, order };
      const report = await languageTask.evaluate(bundle, { backend, options });
      return report.document.bitsPerCharacter as { value: number; low: number; high: number };
    };
    const [together, inTurn] = [await bits("full-sequence"), await bits("autoregressive")];
    // A fair coin a character would be 1; a bit a window is .25.
    expect(together.value).toBeLessThan(0.75);
    expect(inTurn.value).toBeLessThan(0.75);
    expect(together.low).toBeLessThanOrEqual(together.value);
  });

  it("refuses a run without a text, and a model of another task", async () => {
    await expect(languageTask.prepare(recipe, { options: {} })).rejects.toThrow(/data/);
    const job = await languageTask.prepare(recipe, { options: { data } });
    const bundle = { diffusion: job.diffusion, parameters: {}, task: { kind: "maze2d" } };
    await expect(languageTask.evaluate(bundle, { backend: referenceBackend(), options: { data } })).rejects.toThrow(
      /language/,
    );
    expect(() => languageTask.parseRecipe({ ...recipe, window: { length: 1, batch: 1 } })).toThrow(/length/);
  });
});
