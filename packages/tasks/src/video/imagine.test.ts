import { createRandom, initializeParameters, referenceBackend } from "@diffusion-forcing/core";
import type { Normalization } from "@diffusion-forcing/core/bundle";
import { expect, it } from "vitest";
import { imagine } from "./imagine.js";
import { openWorld } from "./open-world.js";
import type { VideoRecipe } from "./recipe.js";
import { videoTask } from "./task.js";
import { tinyRecipe } from "./testing/tiny-recipe.js";

it("takes pixels in and gives pixels back where the model's tokens are normalised", async () => {
  const plain = tinyRecipe({ kind: "dots", size: 4 }) as VideoRecipe;
  const job = await videoTask.prepare({ ...plain, process: { ...plain.process, normalized: true } });
  const { mean, std } = (job.codec as Normalization).config;
  const { tokens } = await job.batches(1, createRandom(0));
  // Four of sixteen pixels are 1, the others -1.
  expect(mean[0]).toBeCloseTo(-0.5, 6);
  expect(Array.from(tokens.data).reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
  const parameters = initializeParameters(job.diffusion.model, createRandom(0));
  const context = (await openWorld(plain.world).videos({ batch: 2, length: 2 }, createRandom(1), "held")).frames;
  const request = {
    backend: referenceBackend(),
    steps: 2,
    stabilization: 1,
    batch: 2,
    length: 1,
    random: createRandom(2),
  };
  const bundle = { ...job, parameters, task: job.record };
  for await (const frame of imagine(bundle, { ...request, context })) {
    // An untrained model foresees 0, the mean of what its tokens are, within the range of the data or not.
    for (const value of frame.data)
      expect(Math.abs((value as number) - (mean[0] as number))).toBeLessThan(std[0] as number);
  }
});
