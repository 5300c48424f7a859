import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { ancestral, diffusionForcing, loadBundle, type Sampler } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import type { Diffusion } from "@diffusion-forcing/core/process";
import { type SamplerOptions, speculative } from "@diffusion-forcing/core/sampling";
import { gaussianMixture } from "@diffusion-forcing/core/testing";
import { median } from "simple-statistics";
import { markdown } from "../markdown.js";

interface Walked {
  readonly calls: number;
  readonly evaluations: number;
  readonly milliseconds: number;
}

async function walked(sampler: Sampler, length: number, seed: number): Promise<Walked> {
  const start = performance.now();
  let found = { calls: 0, evaluations: 0 };
  for await (const { calls, evaluations } of sampler.sampleStream({ length, seed })) found = { calls, evaluations };
  return { ...found, milliseconds: performance.now() - start };
}

/** Steps of the plain walk and of speculation, on one thread: runs in sequence, evaluations and wall time of a sample. */
export async function speculativeTable(): Promise<string> {
  const backend = await onnxBackend({ threads: 1 });
  const rows: (string | number)[][] = [];
  async function measure(
    name: string,
    of: Diffusion,
    length: number,
    options: Partial<SamplerOptions>,
    window: number,
  ) {
    const forcing = diffusionForcing(of);
    const variants = [undefined, "frozen", "recent"] as const;
    for (const draft of variants) {
      const sampler = forcing.sampler({
        backend,
        parameters: {},
        solver: ancestral(),
        ...options,
        ...(draft === undefined ? {} : { speculation: speculative({ draft, length: window }) }),
      });
      await walked(sampler, length, 0);
      const runs: Walked[] = [];
      for (let seed = 1; seed <= 12; seed++) runs.push(await walked(sampler, length, seed));
      await sampler.dispose();
      const mean = (of: (run: Walked) => number): string =>
        (runs.reduce((sum, run) => sum + of(run), 0) / runs.length).toFixed(1);
      const time = median(runs.map(({ milliseconds }) => milliseconds)).toFixed(1);
      rows.push([
        name,
        draft ?? "no",
        draft === undefined ? "" : window,
        mean((r) => r.calls),
        mean((r) => r.evaluations),
        time,
      ]);
    }
  }
  const mixture = (dimension: number): Diffusion =>
    gaussianMixture({
      components: [-1, 1].map((mean) => ({
        weight: 0.5,
        features: dimension,
        mean: new Array<number>(dimension).fill(mean),
        covariance: Array.from({ length: dimension }, (_, i) =>
          Array.from({ length: dimension }, (_, j) => (i === j ? 0.01 : 0)),
        ),
      })),
    });
  await measure("mixture, 2 dimensions, 50 steps", mixture(2), 1, { timesteps: 50 }, 5);
  await measure("mixture, 2 dimensions, 200 steps", mixture(2), 1, { timesteps: 200 }, 10);
  await measure("mixture, 256 dimensions, 50 steps", mixture(256), 1, { timesteps: 50 }, 5);
  const planner = await loadBundle(folderStore("packages/tasks/models/maze2d-medium"));
  const { parameters } = planner;
  await measure("medium maze's planner, 40 tokens, 50 steps", planner.diffusion, 40, { parameters, timesteps: 50 }, 5);
  await backend.dispose();
  return markdown(["model", "drafts", "L", "runs in sequence", "evaluations", "median ms"], rows);
}
