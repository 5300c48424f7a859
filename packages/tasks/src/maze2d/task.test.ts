import { createRandom, initializeParameters, referenceBackend } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { maze2dTask } from "./task.js";

const tiny = {
  planner: {
    kind: "maze2d-planner",
    maze: "umaze",
    fields: ["position"],
    frameStack: 10,
    lengths: [3],
    model: { kind: "transformer", features: 20, width: 8, layers: 1, heads: 2, feedForward: 16, causal: false },
    schedule: { kind: "linear", levels: 100 },
    objective: "x0",
    lossWeighting: { kind: "clamped-snr", low: 0.5, high: 5 },
    clipNoise: 20,
  },
  training: {
    steps: 5,
    tokensPerStep: 64,
    dataSteps: 2000,
    dataSeed: 1,
    learningRate: 1e-3,
    schedule: { kind: "constant" },
    emaDecay: 0.9,
  },
};

describe("maze2dTask", () => {
  it("prepares data, codec and task record of a recipe, the same every time", async () => {
    const recipe = maze2dTask.parseRecipe(tiny);
    const { batches, codec, record, trainedOn, about } = await maze2dTask.prepare(recipe);
    const { tokens } = await batches(1, createRandom(0));
    expect(tokens.shape).toEqual([21, 3, 20]);
    expect(codec?.itemsPerToken).toBe(10);
    expect(record).toMatchObject({ kind: "maze2d", maze: { name: "umaze" }, lengths: [3] });
    expect(trainedOn).toEqual({ tokens: [3, 3] });
    expect((await maze2dTask.prepare(recipe)).about).toEqual(about);
    expect(about).toEqual({ maze: "umaze", dataChecksum: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it("trains in a maze that a file draws, with lengths for its ways", async () => {
    const recipe = maze2dTask.parseRecipe(tiny);
    const maze = { name: "mine.txt", bytes: new TextEncoder().encode("######\n#...G#\n######\n") };
    const { record, trainedOn, about } = await maze2dTask.prepare(recipe, { options: { maze } });
    expect(record).toMatchObject({ maze: { name: "own", layout: "######|#OOOG#|######" } });
    expect(trainedOn).toEqual({ tokens: [3, 12] }); // 4 cells of 30 frames, 10 frames a token
    expect(about.maze).toBe("own");
    const bytes = new TextEncoder().encode("###\n");
    const wrong = maze2dTask.prepare(recipe, { options: { maze: { name: "mine.txt", bytes } } });
    await expect(wrong).rejects.toThrow("mine.txt: The maze cannot be read: it has no floor");
  });

  it("follows one plan an episode if told to, and counts what plans cost", async () => {
    const { diffusion, codec, record } = await maze2dTask.prepare(maze2dTask.parseRecipe(tiny));
    const parameters = initializeParameters(diffusion.model, createRandom(0));
    const bundle = { diffusion, parameters, task: record, ...(codec ? { codec } : {}) };
    const measured = async (options: object) =>
      (
        await maze2dTask.evaluate(bundle, {
          backend: referenceBackend(),
          options: { episodes: 2, steps: 4, once: true, ...options },
        })
      ).document;
    // Two candidates of one length, 4 steps each and one level of 2 that compares them with the data.
    expect(await measured({})).toMatchObject({ plans: 2, evaluations: 2 * 2 * (4 + 1), once: true, search: false });
    expect((await measured({ search: true, expansions: 1 })).evaluations).toBeGreaterThan(2 * 2 * 4);
  });

  it("its presets are recipes, and what is none is refused by name", () => {
    for (const preset of Object.values(maze2dTask.presets)) {
      expect(maze2dTask.parseRecipe(JSON.parse(JSON.stringify(preset)))).toMatchObject({ training: preset.training });
    }
    const wrong = (changes: object) => () =>
      maze2dTask.parseRecipe({ ...tiny, training: { ...tiny.training, ...changes } });
    expect(wrong({ steps: 0 })).toThrow("recipe: training.steps is 0; expected a whole number from 1");
    expect(wrong({ emaDecay: 1 })).toThrow("training.emaDecay is 1");
    expect(wrong({ dataSteps: 29 })).toThrow("dataSteps is 29; expected at least 30");
    expect(wrong({ clipNorm: 1 })).toThrow("there is no option training.clipNorm");
  });

  it("evaluates a bundle: figures with intervals", async () => {
    const { diffusion, codec, record } = await maze2dTask.prepare(maze2dTask.parseRecipe(tiny));
    const parameters = initializeParameters(diffusion.model, createRandom(0));
    const bundle = { diffusion, parameters, task: record, ...(codec ? { codec } : {}) };
    const notes: string[] = [];
    const report = await maze2dTask.evaluate(bundle, {
      backend: referenceBackend(),
      options: { episodes: 2, steps: 1 },
      onProgress: (_done, _total, note) => note && notes.push(note),
    });
    expect(report.document).toMatchObject({ episodes: 2, success: { value: expect.any(Number) }, support: false });
    expect(report.rows[0]?.[0]).toBe("success");
    expect(notes.slice(0, 2)).toEqual(["4 plans of 3 tokens, step 0 of 1", "4 plans of 3 tokens, step 1 of 1"]);
    const tooMany = maze2dTask.evaluate(bundle, { backend: referenceBackend(), options: { steps: 101 } });
    await expect(tooMany).rejects.toThrow("steps is 101; expected a whole number from 1 to 100");
  });
});
