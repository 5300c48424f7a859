import { fileURLToPath } from "node:url";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { createRandom, initializeParameters, loadBundle, referenceBackend } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { describe, expect, it } from "vitest";
import { compositionTask } from "./task.js";

const tiny = {
  data: { positions: 8, batch: 4 },
  model: { width: 8, layers: 1, heads: 2 },
  training: { steps: 5, learningRate: 1e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
};

async function bundleOf(recipe: object) {
  const { diffusion, codec, record } = await compositionTask.prepare(compositionTask.parseRecipe(recipe));
  const parameters = initializeParameters(diffusion.model, createRandom(0));
  return { diffusion, parameters, task: record, ...(codec ? { codec } : {}) };
}

describe("the bundled model", () => {
  it("ends in the opposite corner with full memory, and makes V shapes where the past is dropped", async () => {
    const bundle = await loadBundle(folderStore(fileURLToPath(new URL("../../models/composition", import.meta.url))));
    const backend = await onnxBackend({ threads: 1 });
    const { document } = await compositionTask.evaluate(bundle, {
      backend,
      options: { trajectories: 100, steps: 20, seed: 1 },
    });
    await backend.dispose();
    const value = (kind: string, shape: string): number =>
      (document[kind] as Record<string, { value: number }>)[shape]?.value as number;
    expect(value("fullMemory", "cross")).toBeGreaterThan(0.85);
    expect(value("fullMemory", "v")).toBe(0);
    expect(value("shortPlans", "v")).toBeGreaterThan(0.25);
    expect(value("data", "v")).toBe(0);
  });
});

describe("compositionTask", () => {
  it("prepares normalised crosses with levels for the dial", async () => {
    const { batches, record, about } = await compositionTask.prepare(compositionTask.parseRecipe(tiny));
    const { tokens, noiseLevels } = await batches(1, createRandom(0));
    expect([tokens.shape, noiseLevels?.shape]).toEqual([
      [4, 8, 2],
      [4, 8],
    ]);
    // Corners lie at 1 / 0.6.
    expect(Math.abs(Math.abs(tokens.data[0] as number) - 1 / 0.6)).toBeLessThan(0.4);
    expect([record, about]).toEqual([{ kind: "composition", positions: 8 }, { positions: 8 }]);
  });

  it("its presets are recipes, and what is none is refused by name", () => {
    for (const preset of Object.values(compositionTask.presets)) {
      expect(compositionTask.parseRecipe(JSON.parse(JSON.stringify(preset)))).toEqual(preset);
    }
    expect(() => compositionTask.parseRecipe({ ...tiny, data: { positions: 1, batch: 4 } })).toThrow(
      "recipe: data.positions is 1; expected a whole number from 8 to 256",
    );
    expect(() => compositionTask.parseRecipe({ ...tiny, noise: 1 })).toThrow("there is no option noise");
  });

  it("measures shapes with full memory and without, beside the data's own, and draws them", async () => {
    const progress: [number, number][] = [];
    const report = await compositionTask.evaluate(await bundleOf(tiny), {
      backend: referenceBackend(),
      options: { trajectories: 6, steps: 2, dial: true },
      onProgress: (done, total) => progress.push([done, total]),
    });
    const estimate = { value: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };
    const shares = { cross: estimate, v: estimate, back: estimate, other: estimate };
    expect(report.document).toMatchObject({ positions: 8, data: shares, fullMemory: shares, shortPlans: shares });
    expect(report.document.data).toMatchObject({ v: { value: 0 } });
    expect((report.document.points as { memory: number }[]).map(({ memory }) => memory)).toEqual([1, 2, 3, 4, 6, 8]);
    expect(report.rows[0]?.[0]).toBe("memory of 8, plans of 4: ends in the opposite corner");
    // Words are drawn as lines: three panels of paths, and the dial with four curves.
    expect(report.picture).toMatch(
      /^<svg .*<title>Trajectories on a square, coloured by their shape<\/title>.*<\/svg>$/,
    );
    expect(report.picture?.match(/stroke-width="2\.5"/g)).toHaveLength(4);
    // Full memory, short plans and six settings of the dial, of eight positions each.
    expect(progress.at(-1)).toEqual([64, 64]);
    expect(progress.every(([done], i) => done > (progress[i - 1]?.[0] ?? 0))).toBe(true);
  });

  it("refuses options beyond the model and models of another task", async () => {
    const bundle = await bundleOf(tiny);
    const evaluate = (options: object) =>
      compositionTask.evaluate(bundle, { backend: referenceBackend(), options: { ...options } });
    await expect(evaluate({ memory: 9 })).rejects.toThrow("memory is 9; expected a whole number from 0 to 8");
    const other = { ...bundle, task: { kind: "maze2d" } };
    await expect(compositionTask.evaluate(other, { backend: referenceBackend(), options: {} })).rejects.toMatchObject({
      code: "invalid-config",
    });
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    controller.abort();
    const context = { backend: referenceBackend(), options: { trajectories: 2 }, signal: controller.signal };
    await expect(compositionTask.evaluate(await bundleOf(tiny), context)).rejects.toMatchObject({ code: "aborted" });
  });
});
