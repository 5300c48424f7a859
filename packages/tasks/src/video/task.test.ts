import {
  createRandom,
  type HostTensor,
  initializeParameters,
  isDiffusionForcingError,
  referenceBackend,
} from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { parseVideoRecipe } from "./recipe.js";
import { videoTask } from "./task.js";
import { tinyRecipe } from "./testing/tiny-recipe.js";
import type { WorldConfig } from "./world-config.js";

const dots: WorldConfig = { kind: "dots", size: 4 };
const maze: WorldConfig = { kind: "maze", size: 12, plan: ["####", "#..#", "####"] };

async function tinyBundle(world: WorldConfig) {
  const { diffusion, record } = await videoTask.prepare(videoTask.parseRecipe(tinyRecipe(world)));
  return { diffusion, parameters: initializeParameters(diffusion.model, createRandom(0)), task: record };
}

describe("videoTask", () => {
  it("prepares what its recipes say, and its presets are recipes whose models can be built", async () => {
    for (const preset of Object.values(videoTask.presets)) {
      expect(videoTask.parseRecipe(JSON.parse(JSON.stringify(preset)))).toEqual(preset);
      expect((await videoTask.prepare(preset)).about.frames).toBeGreaterThan(4);
    }
    const { batches, record, trainedOn } = await videoTask.prepare(videoTask.parseRecipe(tinyRecipe(maze)));
    const { tokens, condition } = await batches(1, createRandom(0));
    expect([tokens.shape, condition?.shape]).toEqual([
      [2, 3, 3, 12, 12],
      [2, 3, 3],
    ]);
    expect(record).toEqual({ kind: "video", world: maze, frames: 3, levels: "independent" });
    expect(trainedOn).toEqual({ tokens: [3, 3], values: [-1, 1] });
  });

  it("draws other levels where the recipe says so", async () => {
    const recipe = parseVideoRecipe(tinyRecipe(dots));
    const { batches } = await videoTask.prepare({ ...recipe, video: { ...recipe.video, levels: "same" } });
    expect((await batches(1, createRandom(0))).noiseLevels?.shape).toEqual([2, 3]);
  });

  it.each<[string, unknown, RegExp]>([
    ["a world that there is not", { ...(tinyRecipe(dots) as object), world: { kind: "sea" } }, /world/],
    ["a size", tinyRecipe({ kind: "dots", size: 3 }), /world.size is 3/],
    ["a field of no use", { ...(tinyRecipe(dots) as object), maze: 1 }, /there is no option maze/],
  ])("refuses %s", (_, recipe, message) => {
    expect(() => videoTask.parseRecipe(recipe)).toThrow(message);
  });

  it("refuses a maze without floor and a model that does not fit its frames", async () => {
    const walls = videoTask.parseRecipe(tinyRecipe({ kind: "maze", size: 8, plan: ["###", "###", "###"] }));
    await expect(videoTask.prepare(walls)).rejects.toThrow("there is no floor");
    const cut = videoTask.parseRecipe(tinyRecipe(dots, { patchSize: 3 }));
    await expect(videoTask.prepare(cut)).rejects.toThrow("patchSize is 3");
  });

  it("measures a model: figures with intervals beside the simulator's, the same for the same seed", async () => {
    const options = { videos: 2, predicted: 2, times: 1, steps: 2, stabilization: 1, seed: 5 };
    const seen: number[] = [];
    const context = { backend: referenceBackend(), options, onProgress: (done: number) => seen.push(done) };
    const bundle = await tinyBundle(maze);
    const report = await videoTask.evaluate(bundle, context);
    const estimate = { value: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };
    const accuracy = { mse: estimate, ssim: estimate };
    expect(report.document).toMatchObject({
      ...options,
      length: 3,
      accuracy: { ...accuracy, lastFrame: accuracy },
      steadiness: { within: estimate, own: estimate },
    });
    expect(seen).toEqual([1, 2, 3]);
    expect((await videoTask.evaluate(bundle, context)).document).toEqual(report.document);
    // Dots are judged by rules; their frames are too small for SSIM.
    const dotted = await videoTask.evaluate(await tinyBundle(dots), { ...context, options });
    expect(dotted.document.rules).toEqual({
      "one dot in every frame": estimate,
      "and every move as it must be": estimate,
    });
    expect(dotted.rows[0]?.[0]).toBe("one dot in every frame");
  });

  it("refuses a bundle of another task", async () => {
    const bundle = { ...(await tinyBundle(dots)), task: { kind: "maze2d" } };
    const evaluated = videoTask.evaluate(bundle, { backend: referenceBackend(), options: {} });
    await expect(evaluated).rejects.toSatisfy((error) => isDiffusionForcingError(error, "invalid-config"));
  });
});

describe("its sampling", () => {
  async function sampled(world: WorldConfig, options: Readonly<Record<string, number | string>>, length = 3) {
    const bundle = await tinyBundle(world);
    const parts: { shape: readonly number[]; isGiven: boolean }[] = [];
    const context = { backend: referenceBackend(), batch: 2, length, seed: 1, options: { steps: 1, ...options } };
    let last: HostTensor | undefined;
    for await (const { sequences, isGiven } of videoTask.sampling!.stream(bundle, context)) {
      parts.push({ shape: sequences.shape, isGiven });
      last = sequences;
    }
    return { parts, last };
  }

  it("yields what is given, then frame by frame", async () => {
    const { parts } = await sampled(maze, {}, 2);
    expect(parts).toEqual([
      { shape: [2, 4, 3, 12, 12], isGiven: true },
      { shape: [2, 1, 3, 12, 12], isGiven: false },
      { shape: [2, 1, 3, 12, 12], isGiven: false },
    ]);
  });

  it("begins out of nothing if told, with or without actions", async () => {
    expect((await sampled(dots, { given: 0 })).parts).toHaveLength(3);
    expect((await sampled(maze, { given: 0, actions: "forward*2 left" })).parts).toHaveLength(3);
    expect((await sampled(maze, { given: 2, actions: "left" })).parts).toHaveLength(4);
    const digits = await sampled({ kind: "digits", size: 8, digitSize: 4, digits: 1 }, {});
    expect(digits.parts.every(({ isGiven }) => !isGiven)).toBe(true);
  });

  it("refuses actions that there are not", async () => {
    await expect(sampled(maze, { actions: "forward fly" })).rejects.toThrow(
      'actions: "fly" is no action; the known ones are forward, left, right.',
    );
    await expect(sampled(maze, { actions: " , " })).rejects.toThrow("there is no action in it");
    await expect(sampled(dots, { actions: "left" })).rejects.toThrow("only watched");
  });

  it("draws videos as a film, and some of their frames side by side", async () => {
    const { batches } = await videoTask.prepare(videoTask.parseRecipe(tinyRecipe(dots)));
    const { tokens } = await batches(1, createRandom(0));
    const { film, still } = videoTask.picture!(tokens, 2);
    expect(film).toHaveLength(3);
    expect(still.width).toBeGreaterThan(3 * 48);
  });
});
