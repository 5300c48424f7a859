import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Backend, createRandom, initializeParameters } from "@diffusion-forcing/core";
import { encodeBundle, filesStore, loadBundle } from "@diffusion-forcing/core/bundle";
import { checkLaw } from "@diffusion-forcing/core/testing";
import { type Trainable, train } from "@diffusion-forcing/core/training";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Estimate, SampledPart } from "../task.js";
import { seq2seqTask as task } from "./task.js";

let backend: Backend;
beforeAll(async () => {
  backend = await onnxBackend({ threads: 1 });
});
afterAll(() => backend.dispose());

const recipe = {
  data: { symbols: 3, longest: 6, batch: 16 },
  queries: 6,
  loss: "ctc",
  model: { width: 32, layers: 2, heads: 2 },
  training: { steps: 300, learningRate: 5e-3, schedule: { kind: "cosine", warmupSteps: 10 }, emaDecay: 0.98 },
};

async function trained(loss: string) {
  const parsed = task.parseRecipe({ ...recipe, loss });
  const job = await task.prepare(parsed);
  const { training } = parsed;
  const { parameters } = await train(job.trainable as Trainable, {
    backend,
    batches: job.batches,
    steps: training.steps,
    optimizer: { learningRate: training.learningRate },
    learningRate: training.schedule,
    emaDecay: training.emaDecay,
  });
  return { diffusion: job.diffusion, parameters, task: job.record };
}

describe("seq2seqTask", () => {
  it("says more sequences right by the sum over alignments than by positions, on the same network", async ({
    task: test,
  }) => {
    const shares = async (loss: string) => {
      const bundle = await trained(loss);
      const { document, rows } = await task.evaluate(bundle, { backend, options: { cases: 300 } });
      const decoding = document.decoding as Record<string, { exact: Estimate }>;
      const exact = (decoder: string) => decoding[decoder]?.exact.value ?? Number.NaN;
      return { bundle, rows, greedy: exact("greedy"), beam: exact("beam") };
    };
    const [ctc, positions] = [await shares("ctc"), await shares("cross-entropy")];
    expect(ctc.rows.map(([name]) => name)).toContain("normalized: wrong symbols");
    expect(ctc.beam).toBeGreaterThanOrEqual(ctc.greedy - 0.02);
    checkLaw(test, {
      law: "Query-CTC says at least four of five reversed, joined sequences right after 300 steps",
      statistic: "share of 300 sequences, greedy",
      found: ctc.greedy,
      within: [0.8, 1],
      broken: { "cross-entropy position by position": positions.greedy },
    });

    const parts: SampledPart[] = [];
    const context = { backend, batch: 2, length: 6, seed: 1, options: {} };
    for await (const part of task.sampling!.stream(ctc.bundle, context)) parts.push(part);
    expect(parts.map(({ sequences, isGiven }) => [sequences.shape, isGiven])).toEqual([
      [[2, 6, 1], true],
      [[2, 6, 1], false],
    ]);
  }, 60_000);

  it("has bundles like any other, and a recipe that is refused by field", async () => {
    const job = await task.prepare(task.parseRecipe(recipe));
    const parameters = initializeParameters(job.diffusion.model, createRandom(1));
    const bundle = { diffusion: job.diffusion, parameters, task: job.record };
    const again = await loadBundle(filesStore(encodeBundle(bundle)));
    const options = { cases: 20 };
    expect(await task.evaluate(again, { backend, options })).toEqual(await task.evaluate(bundle, { backend, options }));
    expect(() => task.parseRecipe({ ...recipe, queries: 5 })).toThrow(
      /queries: the value is 5; expected a whole number from 6/,
    );
    expect(() => task.parseRecipe({ ...recipe, loss: "mse" })).toThrow(
      /loss is "mse"; expected "ctc" or "cross-entropy"/,
    );
    const foreign = { ...bundle, task: { kind: "maze2d" } };
    await expect(task.evaluate(foreign, { backend, options: {} })).rejects.toThrow(/seq2seq/);
  });
});
