import { type Bundle, createRandom, loadBundle, referenceBackend, samplingParameters } from "@diffusion-forcing/core";
import { encodeBundle, filesStore } from "@diffusion-forcing/core/bundle";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { train } from "@diffusion-forcing/core/training";
import { beforeAll, describe, expect, it } from "vitest";
import type { TaskJob } from "../task.js";
import { parseChorales } from "./chorales.js";
import { excerptOf } from "./excerpts.js";
import { fillIn, infill } from "./infill.js";
import { symbolsOf } from "./symbols.js";
import { musicTask } from "./task.js";
import { syntheticChorale, syntheticFile, tinyRecipe } from "./testing/synthetic.js";

const backend = referenceBackend();
const data = syntheticFile(createRandom(1));
let job: TaskJob;
let bundle: Bundle;

beforeAll(async () => {
  job = await musicTask.prepare(tinyRecipe, { options: { data }, backend });
  const { state } = await train(job.diffusion, { backend, batches: job.batches, steps: 2, emaDecay: 0.9 });
  const files = encodeBundle({
    diffusion: job.diffusion,
    parameters: samplingParameters(state),
    codec: job.codec!,
    task: job.record,
  });
  bundle = await loadBundle(filesStore(files));
}, 60_000);

describe("preparing", () => {
  it("learns a codec, encodes the music once, and draws excerpts of its tokens", async () => {
    const { tokens } = await job.batches(1, createRandom(2));
    expect(tokens.shape).toEqual([4, 6, 4]);
    expect(Object.keys(job.codec?.parameters ?? {})).toContain("2/encoder.hidden0.weight");
    expect(job.about).toMatchObject({ chorales: 4 });
    // Normalised by feature.
    const all = (await job.batches(2, createRandom(3))).tokens.data;
    const mean = Array.from(all).reduce((sum, x) => sum + x, 0) / all.length;
    expect(Math.abs(mean)).toBeLessThan(1);
  });

  it("gives the same for the same recipe and data, and takes a codec that was learned before", async () => {
    const again = await musicTask.prepare(tinyRecipe, { options: { data }, backend });
    expect(again.codec?.parameters).toEqual(job.codec?.parameters);
    const [one, two] = await Promise.all([job, again].map(({ batches }) => batches(1, createRandom(2))));
    expect(two).toEqual(one);
    const taken = await musicTask.prepare(tinyRecipe, { options: { data }, backend, codec: bundle.codec! });
    expect(await taken.batches(1, createRandom(2))).toEqual(one);
  });

  it("says what is wrong with data", async () => {
    const prepare = (options: object) => musicTask.prepare(tinyRecipe, { options: options as never, backend });
    await expect(prepare({})).rejects.toThrow("music: data is missing");
    const empty = { name: "x.json", bytes: new TextEncoder().encode('{"train":[],"valid":[],"test":[]}') };
    await expect(prepare({ data: empty })).rejects.toThrow("x.json: train is empty");
    const short = syntheticFile(createRandom(1), { beats: 11 });
    await expect(prepare({ data: short })).rejects.toThrow("No chorale has 48 sixteenths");
    const controller = new AbortController();
    controller.abort();
    await expect(
      musicTask.prepare(tinyRecipe, { options: { data }, backend, signal: controller.signal }),
    ).rejects.toThrow("aborted");
  });
});

describe("filling in", () => {
  const chorale = syntheticChorale(26, createRandom(4)); // six and a half bars

  it("changes the bars that it is asked for, and no others", async () => {
    const [one, two] = await infill(bundle, { backend, chorale, bars: [2, 3], samples: 2, seed: 1, steps: 4 });
    for (const filled of [one!, two!]) {
      expect(filled.length).toBe(chorale.length);
      expect(excerptOf(filled, 0, 16)).toEqual(excerptOf(chorale, 0, 16));
      expect(excerptOf(filled, 48, 56)).toEqual(excerptOf(chorale, 48, 56));
    }
    expect(one).not.toEqual(two);
    const again = await infill(bundle, { backend, chorale, bars: [2, 3], samples: 2, seed: 1, steps: 4 });
    expect(again).toEqual([one, two]);
  });

  it("does not read what it replaces", async () => {
    const erased = { ...chorale, pitches: Int8Array.from(chorale.pitches) };
    erased.pitches.fill(-1, 16 * 4, 32 * 4);
    const options = { backend, bars: [2, 2], seed: 1, steps: 3 } as const;
    expect(await infill(bundle, { ...options, chorale: erased })).toEqual(
      await infill(bundle, { ...options, chorale }),
    );
  });

  it("asks the sampler as the maze's planner does: known tokens are clean throughout", async () => {
    const { diffusion, parameters, codec } = bundle;
    const sampler = new Sampler(diffusion, { backend, parameters, timesteps: 3 });
    const requests: (readonly ArrayLike<number>[])[] = [];
    const denoiseStream = sampler.denoiseStream.bind(sampler);
    sampler.denoiseStream = (request) => {
      requests.push(request.rows);
      return denoiseStream(request);
    };
    const tokens = await codec!.encode(symbolsOf([excerptOf(chorale, 0, 48)]));
    const missing = [false, true, true, false, true, false];
    const filled = await fillIn(sampler, tokens, missing, createRandom(1));
    expect(requests[0]?.map((row) => Array.from(row))).toEqual([3, 2, 1, 0].map((k) => [0, k, k, 0, k, 0]));
    missing.forEach((isMissing, t) => {
      const part = (data: ArrayLike<number>) => Array.from(data).slice(4 * t, 4 * t + 4);
      if (!isMissing) expect(part(filled.data)).toEqual(part(tokens.data));
    });
    await sampler.dispose();
  });

  it.each<[readonly [number, number], string]>([
    [[0, 1], "the bars are 0 to 1; expected the first before the last, from 1 to 6"],
    [[3, 2], "the bars are 3 to 2"],
    [[5, 7], "the bars are 5 to 7"],
    [[2, 4], "bars 2 to 4 are 3; the model sees 3 at once, of which it has to know one. Fill in 2 at a time"],
  ])("refuses bars %j", async (bars, message) => {
    await expect(infill(bundle, { backend, chorale, bars, seed: 1 })).rejects.toThrow(message);
  });

  it("writes a chorale where all bars are missing", async () => {
    const whole = excerptOf(chorale, 0, 48);
    const told: (readonly [number, number])[] = [];
    const onProgress = (done: number, total: number) => told.push([done, total]);
    const [made] = await infill(bundle, { backend, chorale: whole, bars: [1, 3], seed: 2, steps: 3, onProgress });
    expect(made!.length).toBe(48);
    expect(told.at(-1)).toEqual([3, 3]);
  });

  it("refuses models of other tasks", async () => {
    const other = { ...bundle, task: { kind: "waves" } };
    await expect(infill(other, { backend, chorale, bars: [1, 1], seed: 1 })).rejects.toThrow('kind is "waves"');
    const { codec: _, ...without } = bundle;
    await expect(infill(without, { backend, chorale, bars: [1, 1], seed: 1 })).rejects.toThrow("it has no codec");
  });
});

it("is measured beside replacement, interpolation and the prior", { timeout: 60_000 }, async () => {
  const options = { data, excerpts: 8, seeds: 2, steps: 2 };
  const { rows, document } = await musicTask.evaluate(bundle, { backend, options });
  expect(rows).toHaveLength(5);
  expect(document).toMatchObject({ excerpts: 8, seeds: 2, steps: 2, seed: 1000 });
  expect(Object.keys(document)).toEqual(
    expect.arrayContaining(["infilling", "replacement", "interpolation", "prior", "codec"]),
  );
  const { frechet, pitchOverlap } = (document as Record<string, Record<string, { value: number }>>).infilling!;
  expect(frechet!.value).toBeGreaterThan(0);
  expect(pitchOverlap!.value).toBeGreaterThanOrEqual(0);
});

it("shows music as a film, a frame a beat", () => {
  const { test } = parseChorales(data);
  const { film, still } = musicTask.picture!(symbolsOf([excerptOf(test[0]!, 0, 16)]), 0);
  expect(film).toHaveLength(4);
  expect(still.height).toBe(film[0]!.pixels.height);
});
