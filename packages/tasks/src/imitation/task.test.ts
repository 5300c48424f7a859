import { fileURLToPath } from "node:url";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Codec, createRandom, initializeParameters, loadBundle, referenceBackend } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { describe, expect, it } from "vitest";
import { runEpisodes } from "./episodes.js";
import { isSwapped } from "./fruit-swap.js";
import { imitationTask } from "./task.js";
import { views } from "./view.js";

const tiny = {
  data: { view: "places", demonstrations: 3, seed: 1, batch: 2 },
  past: "noised",
  model: { width: 8, layers: 1, heads: 2 },
  training: { steps: 5, learningRate: 1e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
};

async function bundleOf(recipe: object) {
  const { diffusion, codec, record } = await imitationTask.prepare(imitationTask.parseRecipe(recipe));
  const parameters = initializeParameters(diffusion.model, createRandom(0));
  return { diffusion, parameters, task: record, ...(codec ? { codec } : {}) };
}
const context = (options: object) => ({ backend: referenceBackend(), options: { ...options } });
const estimate = { value: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };

describe("the bundled model", () => {
  it("swaps fruits with its memory, and not without", async () => {
    const { diffusion, parameters, codec } = await loadBundle(
      folderStore(fileURLToPath(new URL("../../models/imitation", import.meta.url))),
    );
    const backend = await onnxBackend({ threads: 1 });
    const sampler = new Sampler(diffusion, { backend, parameters, timesteps: 10 });
    const swapped = async (memory: number): Promise<number> => {
      const given = { sampler, codec: codec as Codec, view: views.places, episodes: 20, memory, seed: 1 };
      const { states } = await runEpisodes(given);
      return states.filter((path) => path.slice(-1).every(isSwapped)).length;
    };
    expect(await swapped(26)).toBeGreaterThanOrEqual(18);
    expect(await swapped(1)).toBeLessThanOrEqual(6);
    await sampler.dispose();
    await backend.dispose();
  });
});

describe("imitationTask", () => {
  it("prepares demonstrations at levels of their own; the baseline is given the past as it is", async () => {
    const { batches, record } = await imitationTask.prepare(imitationTask.parseRecipe(tiny));
    const { tokens, noiseLevels, condition } = await batches(1, createRandom(0));
    expect([tokens.shape, noiseLevels?.shape, condition]).toEqual([[2, 26, 10], [2, 26], undefined]);
    expect(record).toEqual({ kind: "imitation", view: "places", past: "noised" });
    const baseline = await imitationTask.prepare(imitationTask.parseRecipe({ ...tiny, past: "clean" }));
    const given = await baseline.batches(1, createRandom(0));
    expect([given.noiseLevels, given.condition?.shape]).toEqual([undefined, [2, 26, 10]]);
    expect(given.condition?.data.subarray(10, 20)).toEqual(given.tokens.data.subarray(0, 10));
  });

  it("makes tokens of images by a codec that it learns, or is given; errors of the action count more", async () => {
    const recipe = imitationTask.parseRecipe({
      ...tiny,
      data: { ...tiny.data, view: "images", demonstrations: 2 },
      codec: { latentFeatures: 4, codecWidth: 8, klWeight: 0.3, codecSteps: 2, codecLearningRate: 1e-3 },
      actionWeight: 5,
    });
    const notes = new Set<string>();
    const onProgress = (_done: number, _total: number, note = "") => notes.add(note.replace(/ [\d.]+$/, ""));
    const { batches, codec, diffusion } = await imitationTask.prepare(recipe, { options: {}, onProgress });
    expect([...notes]).toEqual(["codec, loss", "demonstrations encoded"]);
    expect(diffusion.model.tokenShape).toEqual([7]);
    const { tokens, lossMask } = await batches(1, createRandom(0));
    expect([tokens.shape, Array.from(lossMask?.data ?? [])]).toEqual([
      [2, 26, 7],
      [5, 5, 5, 1, 1, 1, 1],
    ]);
    notes.clear();
    const again = await imitationTask.prepare(recipe, { options: {}, onProgress, ...(codec ? { codec } : {}) });
    expect([...notes]).toEqual(["demonstrations encoded"]);
    expect((await again.batches(1, createRandom(0))).tokens).toEqual(tokens);
    const controller = new AbortController();
    controller.abort();
    await expect(imitationTask.prepare(recipe, { options: {}, signal: controller.signal })).rejects.toMatchObject({
      code: "aborted",
    });
  });

  it("its presets are recipes, and what is none is refused by name", () => {
    for (const preset of Object.values(imitationTask.presets)) {
      expect(imitationTask.parseRecipe(JSON.parse(JSON.stringify(preset)))).toEqual(preset);
    }
    expect(() => imitationTask.parseRecipe({ ...tiny, past: "none" })).toThrow(
      'recipe: past is "none"; expected "noised" or "clean"',
    );
    expect(() => imitationTask.parseRecipe({ ...tiny, data: { ...tiny.data, demonstrations: 0 } })).toThrow(
      "data.demonstrations is 0; expected a whole number from 1",
    );
    const images = imitationTask.presets["imitation-images"] as { codec?: unknown };
    const { codec, ...without } = images;
    for (const wrong of [without, { ...tiny, codec }]) {
      expect(() => imitationTask.parseRecipe(wrong)).toThrow("a codec for a view of images, and for no other");
    }
  });

  it("measures success with memory and without, disturbed and told or not, and in its own dream", async () => {
    const done: number[] = [];
    const report = await imitationTask.evaluate(await bundleOf(tiny), {
      ...context({ episodes: 3, steps: 2 }),
      onProgress: (count, total) => done.push(count / total),
    });
    expect(report.document).toMatchObject({
      view: "places",
      memory: 26,
      withMemory: estimate,
      memoryless: estimate,
      told: estimate,
      untold: estimate,
      dream: estimate,
      expert: { value: 1 },
    });
    // Words are drawn as lines; what is drawn of each word, storyboard.test looks at.
    expect(report.picture).toMatch(
      /^<svg .*<title>Episodes of the fruit swap, every second step from above<\/title>.*<\/svg>$/,
    );
    expect(done.at(-1)).toBe(1);
    expect(done.every((share, i) => share > (done[i - 1] ?? 0))).toBe(true);
  });

  it("measures of the baseline what it can be measured in", async () => {
    const report = await imitationTask.evaluate(
      await bundleOf({ ...tiny, past: "clean" }),
      context({ episodes: 2, steps: 2 }),
    );
    expect(report.rows.map(([name]) => name)).toEqual(["memory of 26 tokens", "disturbed, and not told", "the expert"]);
  });

  it("refuses options out of bounds and models of another task", async () => {
    const bundle = await bundleOf(tiny);
    await expect(imitationTask.evaluate(bundle, context({ memory: 27 }))).rejects.toThrow(
      "memory is 27; expected a whole number from 1 to 26",
    );
    const other = { ...bundle, task: { kind: "maze2d" } };
    await expect(imitationTask.evaluate(other, context({}))).rejects.toMatchObject({ code: "invalid-config" });
    const { codec: _, ...without } = bundle;
    await expect(imitationTask.evaluate(without, context({}))).rejects.toThrow("The model has no codec");
  });
});
