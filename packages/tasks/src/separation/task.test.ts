import { type Bundle, createRandom, loadBundle, referenceBackend } from "@diffusion-forcing/core";
import { encodeBundle, filesStore } from "@diffusion-forcing/core/bundle";
import { train } from "@diffusion-forcing/core/training";
import { beforeAll, describe, expect, it } from "vitest";
import type { Estimate } from "../task.js";
import { sourcesOf } from "./sources.js";
import { separationTask } from "./task.js";
import { tinyRecipe } from "./testing/tiny-recipe.js";
import { readWav, writeWav } from "./wav.js";

const backend = referenceBackend();
let bundle: Bundle;
beforeAll(async () => {
  const job = await separationTask.prepare(separationTask.parseRecipe(tinyRecipe), { options: {}, backend });
  const options = { backend, batches: job.batches, seed: 0, emaDecay: 0.9 };
  const whole = await train(job.diffusion, { ...options, steps: 4 });
  const half = await train(job.diffusion, { ...options, steps: 2 });
  const resumed = await train(job.diffusion, { ...options, steps: 4, resume: half.state });
  expect(resumed.parameters).toEqual(whole.parameters);
  const { diffusion, codec, record } = job;
  const files = encodeBundle({ diffusion, parameters: whole.parameters, ...(codec ? { codec } : {}), task: record });
  bundle = await loadBundle(filesStore(files));
}, 60_000);

describe("separationTask", () => {
  it("measures itself beside other ways to separate", async () => {
    const options = { pieces: 2, beams: 4 };
    const report = await separationTask.evaluate(bundle, { backend, options });
    const psnr = report.document.psnr as Record<string, Estimate>;
    expect(Object.keys(psnr)).toEqual(["separated", "likelihood", "random", "half", "codes"]);
    for (const { value, low, high } of Object.values(psnr)) {
      expect(value).toBeGreaterThan(10);
      expect(value - low).toBeCloseTo(high - value, 6);
    }
    expect(report.rows.at(-1)?.[0]).toBe("perplexity of the mixtures' codes");
    expect((await separationTask.evaluate(bundle, { backend, options })).document).toEqual(report.document);
  });

  it("takes a WAV file apart, into parts that add up to it", async () => {
    const { mixture } = sourcesOf("waves", undefined, "test").draw(3, createRandom(5));
    const given = { name: "mix.wav", bytes: writeWav(mixture) };
    const { separating } = separationTask;
    for (const search of [{ beams: 3 }, { topK: 5 }]) {
      const report = await separating!.run(bundle, { backend, options: { mixture: given, ...search }, seed: 1 });
      const [first, second] = ["first.wav", "second.wav"].map((name) =>
        readWav({ name, bytes: report.files[name] as Uint8Array }),
      );
      const off = mixture.map((sample, n) => sample - (first?.[n] as number) - (second?.[n] as number));
      expect(Math.max(...off.subarray(0, -256).map(Math.abs))).toBeLessThan(1e-3);
      expect((report.document.codes as { mixture: number[] }).mixture).toHaveLength(6);
    }
  });

  it("refuses a model of another task, no mixture, and what is no WAV file", async () => {
    const { run: separate } = separationTask.separating!;
    const other = { ...bundle, task: { kind: "maze2d" } };
    await expect(separationTask.evaluate(other, { backend, options: {} })).rejects.toThrow(/separation/);
    await expect(separate(bundle, { backend, options: {}, seed: 0 })).rejects.toThrow(/mixture/);
    const mixture = { name: "a.wav", bytes: new Uint8Array(100) };
    await expect(separate(bundle, { backend, options: { mixture }, seed: 0 })).rejects.toThrow("a.wav is no WAV file");
    await expect(separate(bundle, { backend, options: { mixture, beams: 0 }, seed: 0 })).rejects.toThrow("beams is 0");
    const stopped = AbortSignal.abort();
    const options = { mixture: { name: "b.wav", bytes: writeWav(new Float32Array(2000)) } };
    await expect(separate(bundle, { backend, options, seed: 0, signal: stopped })).rejects.toMatchObject({
      code: "aborted",
    });
  });
});
