import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Trainable, train } from "@diffusion-forcing/core/training";
import { type Estimate, formatEstimate, seq2seq } from "@diffusion-forcing/tasks";
import { markdown } from "../markdown.js";

interface Found {
  readonly exact: Estimate;
  readonly symbolErrors: Estimate;
}

/** The task's two presets, after few steps and after all: the loss over alignments and that by positions, one network. */
export async function queryCtcTable(): Promise<string> {
  const { presets, prepare, evaluate } = seq2seq.seq2seqTask;
  const backend = await onnxBackend({ threads: 1 });
  const rows: string[][] = [];
  for (const steps of [200, 600]) {
    for (const preset of ["quick-positions", "quick"]) {
      const recipe = presets[preset] as (typeof presets)[string];
      const { training } = recipe;
      const job = await prepare(recipe);
      const { parameters } = await train(job.trainable as Trainable, {
        backend,
        batches: job.batches,
        steps,
        optimizer: { learningRate: training.learningRate },
        learningRate: training.schedule,
        emaDecay: training.emaDecay,
      });
      const bundle = { diffusion: job.diffusion, parameters, task: job.record };
      const { document } = await evaluate(bundle, { backend, options: {} });
      for (const [decoder, { exact, symbolErrors }] of Object.entries(document.decoding as Record<string, Found>)) {
        rows.push([
          document.loss as string,
          String(steps),
          decoder,
          formatEstimate(exact, 100, 1, "%"),
          formatEstimate(symbolErrors, 100, 1, "%"),
        ]);
      }
    }
  }
  await backend.dispose();
  return markdown(["loss", "steps", "decoding", "whole sequence right", "wrong symbols"], rows);
}
