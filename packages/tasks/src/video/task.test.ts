import { createRandom, initializeParameters, isDiffusionForcingError, referenceBackend } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import type { TaskRecipe } from "../task.js";
import { movingDots } from "./moving-dots.js";
import { movingDotsTask } from "./task.js";

const tiny = {
  video: { size: 4, frames: 3, batch: 2 },
  model: { width: 16, layers: 1, heads: 2 },
  training: { steps: 1, learningRate: 1e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
};

async function tinyBundle() {
  const { diffusion, record } = await movingDotsTask.prepare(movingDotsTask.parseRecipe(tiny));
  return { diffusion, parameters: initializeParameters(diffusion.model, createRandom(0)), task: record };
}

describe("movingDotsTask", () => {
  it("prepares what its recipes say, and its presets are recipes", async () => {
    for (const preset of Object.values(movingDotsTask.presets)) {
      expect(movingDotsTask.parseRecipe(JSON.parse(JSON.stringify(preset)))).toEqual(preset);
    }
    const { batches, record, trainedOn } = await movingDotsTask.prepare(tiny as unknown as TaskRecipe);
    expect((await batches(1, createRandom(0))).tokens.shape).toEqual([2, 3, 1, 4, 4]);
    expect(record).toEqual({ kind: "moving-dots", size: 4, frames: 3 });
    expect(trainedOn).toEqual({ tokens: [3, 3], values: [-1, 1] });
    expect(() => movingDotsTask.parseRecipe({ ...tiny, video: { ...tiny.video, size: 3 } })).toThrow("video.size is 3");
    expect(() => movingDotsTask.parseRecipe({ ...tiny, maze: "umaze" })).toThrow("there is no option maze");
  });

  it("measures a model: shares with intervals, the same for the same seed", async () => {
    const options = { videos: 2, length: 3, steps: 2, seed: 5 };
    const seen: number[] = [];
    const context = { backend: referenceBackend(), options, onProgress: (done: number) => seen.push(done) };
    const report = await movingDotsTask.evaluate(await tinyBundle(), context);
    const share = { value: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };
    expect(report.document).toEqual({ ...options, oneDot: share, moved: share });
    expect(report.rows).toHaveLength(2);
    expect(seen).toEqual([1, 2, 3]);
    expect((await movingDotsTask.evaluate(await tinyBundle(), context)).document).toEqual(report.document);
  });

  it("refuses a bundle of another task", async () => {
    const bundle = { ...(await tinyBundle()), task: { kind: "maze2d" } };
    const evaluated = movingDotsTask.evaluate(bundle, { backend: referenceBackend(), options: {} });
    await expect(evaluated).rejects.toSatisfy((error) => isDiffusionForcingError(error, "invalid-config"));
  });

  it("draws videos as a film", () => {
    const frames = movingDotsTask.picture?.(movingDots({ batch: 1, length: 4, size: 4 }, createRandom(0)));
    expect(frames).toHaveLength(4);
  });
});
